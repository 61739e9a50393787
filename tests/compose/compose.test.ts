import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { received, seesFrames } from '../support/browsers/browser-media.ts';
import { ComposeCluster } from '../support/compose.ts';

const scale = { gateway: 2, 'media-node': 3 };
const scaled = Object.entries(scale).flatMap(([service, count]) => Array<string>(count).fill(service));

/** Generous: what is promised here is that it works, and the engine may share its cores with a build. */
const patience = { withinMs: 60_000, everyMs: 250 };

/** A join ends within 2 s, which the first one can miss where everything has just started on few cores: try again. */
function joins(page: Page): Promise<unknown> {
  const ask = async () => {
    const state = await page.evaluate(() => window.sluice && (window.sluice.room ? 'joined' : 'refused'));
    if (state === 'refused') await page.reload();
    return state === 'joined';
  };
  return eventually('the page to be in the room', ask, patience);
}

// One cluster for all of it: starting it is the longest part. The tests leave it as they found it, the last ones apart.
describe('docker compose up --scale media-node=3 --scale gateway=2', () => {
  const started = new AsyncDisposableStack();
  let cluster: ComposeCluster;
  let browser: TestBrowser;

  beforeAll(async () => {
    cluster = started.use(await ComposeCluster.up({ scale, settings: { SLUICE_ALLOW_NODE_CHOICE: 'true' } }));
    browser = started.use(await TestBrowser.launch());
  }, 35 * 60_000);

  afterAll(() => started.disposeAsync());

  /** Where the work fails, its error says what the pages showed and received, and what the cluster complained of. */
  const explained = async <T>(pages: Page[], work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const shown = await Promise.all(pages.map((page) => page.evaluate(() => document.body.innerText)));
      const got = await Promise.all(pages.map(async (page) => JSON.stringify(await received(page))));
      const said = [...browser.complaints, ...(await cluster.warnings())];
      throw new Error([...shown, ...got, ...said].join('\n---\n'), { cause: error });
    }
  };

  const join = async (parameters: Record<string, string>): Promise<Page> => {
    const query = new URLSearchParams({ room: 'compose', join: '1', ...parameters });
    const page = await browser.open(`${cluster.url}/?${query}`);
    await explained([page], () => joins(page));
    return page;
  };

  it('[DE1] every container is healthy, as many as were asked for', async () => {
    const containers = await cluster.containers();
    expect(containers.map((one) => one.Service).sort()).toEqual([...scaled, 'haproxy', 'prometheus', 'redis'].sort());
    for (const { Name, State, Health } of containers) {
      expect({ Name, State, Health }).toEqual({ Name, State: 'running', Health: 'healthy' });
    }
    const published = containers.flatMap((one) => one.Publishers ?? []).filter((one) => one.PublishedPort > 0);
    expect(published.map((one) => one.URL)).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('[DE2] gateways and nodes run without privileges, on what they need at run time', async () => {
    for (const service of Object.keys(scale)) {
      expect(await cluster.exec(service, 'id', '-un')).toBe('node');
      const modules = await cluster.exec(service, 'ls', 'node_modules');
      expect(modules).toMatch(/^prom-client$/m);
      expect(modules).not.toMatch(/^(node|vitest|typescript|esbuild)$/m);
    }
  });

  it('[DE3] Prometheus scrapes every gateway, every node and the proxy, and each answers', async () => {
    const wanted = [...scaled, 'haproxy'].sort();
    const ask = async () => {
      const found = await cluster.targets();
      if (found.length === wanted.length && found.every((target) => target.up)) return found;
      throw new Error(JSON.stringify(found));
    };
    const targets = await eventually('every target to be up', ask, patience);
    expect(targets.map((target) => target.job).sort()).toEqual(wanted);
  });

  it('[DE4] a browser on the host gets media from every node', async () => {
    const [first, second, third] = (await cluster.nodeIds(3)) as [string, string, string];
    const publisher = await join({ name: 'publisher', node: first, size: '320x180' });
    const viewers: Page[] = [];
    for (const node of [first, second, third]) {
      viewers.push(await join({ name: 'viewer', node, camera: '0', microphone: '0' }));
    }
    const seen = await explained([publisher, ...viewers], () =>
      Promise.all(viewers.map((viewer) => seesFrames(viewer, 30, patience))),
    );
    // One watches on the publisher's own node, the others over a pipe.
    expect(seen.map(([track]) => track?.path)).toEqual(['router', 'node', 'node']);
  });

  it('[DE5] the proxy leads clients to every gateway', async () => {
    // Those who joined above. Who got how many depends on how many pages were being loaded at the same moment.
    const clients = 4;
    const ask = async () => {
      const counts = (await cluster.query('sfu_gateway_connections')).map(({ value }) => value);
      const sum = counts.reduce((total, count) => total + count, 0);
      if (counts.length === scale.gateway && counts.every((count) => count > 0) && sum === clients) return true;
      throw new Error(JSON.stringify(counts));
    };
    await eventually(`${clients} connections, some on each gateway`, ask, patience);
  });

  it.for(['haproxy', 'gateway', 'media-node', 'prometheus', 'redis'])(
    '[DE6] %s stops on its signal, during a call, within 10 s',
    async (service) => {
      const { tookMs, exitCodes } = await cluster.stop(service);
      expect(exitCodes).toEqual(Array<number>(exitCodes.length).fill(0));
      expect(tookMs).toBeLessThan(10_000);
    },
  );
});
