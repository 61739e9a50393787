import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from '../support/browser.ts';
import { seesFrames } from '../support/browser-media.ts';
import { ComposeCluster } from '../support/compose.ts';

const scale = { gateway: 2, 'media-node': 3 };
const scaled = Object.entries(scale).flatMap(([service, count]) => Array<string>(count).fill(service));

/** One cluster for all of it: starting it is the longest part, and the tests leave it as they found it until the last. */
describe('docker compose up --scale media-node=3 --scale gateway=2', () => {
  let cluster: ComposeCluster | undefined;
  let browser: TestBrowser | undefined;

  beforeAll(async () => {
    cluster = await ComposeCluster.up({ scale, settings: { SLUICE_ALLOW_NODE_CHOICE: 'true' } });
    browser = await TestBrowser.launch();
  }, 35 * 60_000);

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const running = (): ComposeCluster => {
    if (!cluster) throw new Error('The cluster did not start.');
    return cluster;
  };

  const open = async (parameters: Record<string, string>) => {
    if (!browser) throw new Error('The browser did not start.');
    const page = await browser.open(
      `${running().url}/?${new URLSearchParams({ room: 'compose', join: '1', ...parameters })}`,
    );
    await explaining([page], () => joined(page));
    return page;
  };

  /** A join ends within 2 s, which the first one can miss where all this has just started on a few cores: try again. */
  const joined = (page: Page) =>
    eventually(
      'the page to be in the room',
      async () => {
        const state = await page.evaluate(() => window.sluice && (window.sluice.room ? 'joined' : 'refused'));
        if (state === 'refused') await page.reload();
        return state === 'joined';
      },
      { withinMs: 60_000, everyMs: 250 },
    );

  /** Where it fails, its error says what the pages showed. */
  const explaining = async <T>(pages: Page[], work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const shown = await Promise.all(pages.map((page) => page.evaluate(() => document.body.innerText)));
      throw new Error([...shown, ...(browser?.complaints ?? [])].join('\n---\n'), { cause: error });
    }
  };

  it('[DE1] every container is healthy, as many as were asked for', async () => {
    const containers = await running().containers();
    expect(containers.map((one) => one.Service).sort()).toEqual([...scaled, 'haproxy', 'prometheus', 'redis'].sort());
    for (const { Name, State, Health } of containers) {
      expect({ Name, State, Health }).toEqual({ Name, State: 'running', Health: 'healthy' });
    }
    const published = containers.flatMap((one) => one.Publishers ?? []).filter((one) => one.PublishedPort > 0);
    expect(published.map((one) => one.URL)).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('[DE2] gateways and nodes run without privileges, on what they need at run time', async () => {
    for (const service of Object.keys(scale)) {
      expect(await running().exec(service, 'id', '-un')).toBe('node');
      expect(await running().exec(service, 'ls', 'node_modules')).not.toMatch(/^(node|vitest|typescript|esbuild)$/m);
    }
  });

  it('[DE3] Prometheus scrapes every gateway, every node and the proxy, and each answers', async () => {
    const wanted = [...scaled, 'haproxy'].sort();
    const targets = await eventually(
      'every target to be up',
      async () => {
        const found = await running().targets();
        if (found.length !== wanted.length || !found.every((target) => target.up))
          throw new Error(JSON.stringify(found));
        return found;
      },
      { withinMs: 30_000, everyMs: 250 },
    );
    expect(targets.map((target) => target.job).sort()).toEqual(wanted);
  });

  it('[DE4] a browser on the host gets media from every node', async () => {
    const [first, ...others] = await running().nodeIds(scale['media-node']);
    const publisher = await open({ name: 'publisher', node: String(first), size: '320x180' });
    const viewers = await Promise.all(
      [String(first), ...others].map((node) => open({ name: 'viewer', node, camera: '0', microphone: '0' })),
    );
    const seen = await explaining([publisher, ...viewers], () =>
      Promise.all(viewers.map((viewer) => seesFrames(viewer, 30, { withinMs: 60_000 }))),
    );
    // One watches on the publisher's own node, the others over a pipe.
    expect(seen.map(([track]) => track?.path)).toEqual(['router', 'node', 'node']);
  });

  it('[DE5] the proxy leads clients to every gateway', async () => {
    // Those who joined above. Who got how many depends on how many pages were being loaded at the same moment.
    const joined = 1 + scale['media-node'];
    await eventually(
      `${joined} connections, on every gateway some`,
      async () => {
        const samples = await running().query('sfu_gateway_connections');
        const counts = samples.map((sample) => sample.value);
        const sum = counts.reduce((total, count) => total + count, 0);
        if (counts.length === scale.gateway && counts.every((count) => count > 0) && sum === joined) return true;
        throw new Error(JSON.stringify(samples));
      },
      { withinMs: 30_000, everyMs: 250 },
    );
  });

  it.for(['haproxy', 'gateway', 'media-node', 'prometheus', 'redis'])(
    '[DE6] %s stops on its signal, during a call, within 10 s',
    async (service) => {
      const { tookMs, exitCodes } = await running().stop(service);
      expect(exitCodes.every((code) => code === 0)).toBe(true);
      expect(tookMs).toBeLessThan(10_000);
    },
  );
});
