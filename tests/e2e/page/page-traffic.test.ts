import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { seesFrames } from '../../support/browsers/browser-media.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

type Frame = Record<string, unknown>;

/** Every frame of the page's WebSockets in order: `action` names what went out, `type` what came in. */
function record(page: Page): Frame[] {
  const frames: Frame[] = [];
  const keep = ({ payload }: { payload: string | Buffer }) => frames.push(JSON.parse(String(payload)) as Frame);
  page.on('websocket', (socket) => {
    socket.on('framesent', keep);
    socket.on('framereceived', keep);
  });
  return frames;
}

const actions = (frames: Frame[]): unknown[] => frames.flatMap(({ action, type }) => (type ? [] : [action]));

test('joining takes one round trip, and media one more each way', async () => {
  await using cluster = await startTestCluster({ nodes: 2 });
  await using browser = await TestBrowser.launch();
  const [first, second] = cluster.nodes.map(({ id }) => id);
  const url = `${cluster.gateways[0]!.url}/?room=demo&size=320x180&join=1`;

  const ada = await (await browser.context()).newPage();
  const publishing = record(ada);
  await ada.goto(`${url}&name=Ada&node=${first}`);
  await eventually('both tracks', () => publishing.filter(({ type }) => type === 'produced').length === 2);
  expect(actions(publishing)).toEqual(['join', 'connectTransport', 'produce', 'produce']);

  const bob = await (await browser.context()).newPage();
  const watching = record(bob);
  await bob.goto(`${url}&name=Bob&camera=0&microphone=0&node=${second}`);
  await seesFrames(bob, 1);
  expect(actions(watching)).toEqual(['join', 'consume', 'connectTransport', 'resumeConsumer']);
  const consume = watching.find(({ action }) => action === 'consume');
  expect(consume?.['producerIds']).toHaveLength(2);
  expect(browser.complaints).toEqual([]);
});
