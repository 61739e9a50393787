import { eventually, within } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { serveScript } from '../support/browsers/browser-script.ts';
import { startTestCluster } from '../support/clusters/cluster.ts';

/** A page with the seed's client, and a cluster of `nodes` for it. */
async function start(nodes: number) {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startTestCluster({ nodes }));
  const script = stack.use(await serveScript(new URL('./seed-client-page.ts', import.meta.url)));
  const browser = stack.use(await TestBrowser.launch());
  const page = await browser.open(script.url);
  const server = `${cluster.gateways[0]!.url.replace('http', 'ws')}/ws`;
  const all = stack.move();
  return { page, server, browser, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const stepMs = 20_000;

const publish = (page: Page, server: string): Promise<string> =>
  within(
    stepMs,
    'the publisher',
    page.evaluate(async (url) => {
      window.publisher = window.seed.publish(url, 'demo');
      return (await window.publisher).producerId;
    }, server),
  );

const view = (page: Page, server: string): Promise<string> =>
  within(
    stepMs,
    'the viewer',
    page.evaluate(async (url) => {
      window.viewer = window.seed.view(url, 'demo');
      return (await window.viewer).producerId;
    }, server),
  );

const framesDecoded = (page: Page): Promise<number> =>
  page.evaluate(async () => (await window.viewer)?.framesDecoded() ?? 0);

describe.each([1, 2])("the seed's client, word for word, on %i node(s)", (nodes) => {
  test('publishes on one connection and watches on another', async () => {
    await using seed = await start(nodes);
    const published = await publish(seed.page, seed.server);
    const watched = await view(seed.page, seed.server);
    expect(watched).toBe(published);
    const frames = await eventually(
      '30 decoded frames',
      async () => {
        const count = await framesDecoded(seed.page);
        return count >= 30 && count;
      },
      { withinMs: stepMs, everyMs: 50 },
    );
    expect(frames).toBeGreaterThanOrEqual(30);

    const { publisher, viewer } = await seed.page.evaluate(() => window.seed.transcripts());
    expect(publisher.sent.map((frame) => Object.keys(frame))).toEqual([
      ['action', 'room'],
      ['action', 'direction'],
      ['role', 'action', 'dtlsParameters', 'transportId'],
      ['action', 'transportId', 'kind', 'rtpParameters'],
    ]);
    expect(replies(publisher.received)).toEqual(['joined', 'producerTransport', 'transportConnected', 'produced']);
    expect(viewer.sent.map(({ action }) => action)).toEqual([
      'join',
      'createWebRtcTransport',
      'consume',
      'connectTransport',
      'resumeConsumer',
    ]);
    expect(replies(viewer.received)).toEqual(['joined', 'consumerTransport', 'consumed', 'transportConnected', 'ok']);
    const consumed = viewer.received.find(({ type }) => type === 'consumed');
    expect(consumed).toMatchObject({ consumers: [{ path: nodes === 1 ? 'router' : 'node' }], failed: [] });
    expect([...publisher.received, ...viewer.received].filter((frame) => 'id' in frame)).toEqual([]);
    expect(seed.browser.complaints).toEqual([]);
  });
});

test("the seed's viewer may be there before anybody publishes", async () => {
  await using seed = await start(2);
  const watching = view(seed.page, seed.server);
  await eventually('the viewer in the room', () => seed.page.evaluate(() => window.viewer !== undefined));
  const published = await publish(seed.page, seed.server);
  expect(await watching).toBe(published);
  await eventually('a decoded frame', () => framesDecoded(seed.page), { withinMs: stepMs, everyMs: 50 });
});

const replyTypes = new Set([
  'joined',
  'producerTransport',
  'consumerTransport',
  'transportConnected',
  'produced',
  'consumed',
  'ok',
]);

/** Without the events, which come when they come. */
const replies = (frames: { type: string }[]): string[] =>
  frames.map(({ type }) => type).filter((type) => replyTypes.has(type));
