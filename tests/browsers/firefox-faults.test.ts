import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { hearsSound } from '../support/browsers/browser-media.ts';
import { TestFirefox } from '../support/browsers/firefox.ts';
import { everybodyMeets, forEverybody, join, type People, picturesMove } from '../support/browsers/meeting.ts';
import type { Tab } from '../support/browsers/tab.ts';
import { testimonyOf, witness } from '../support/browsers/witness.ts';
import { startProcessCluster } from '../support/clusters/cluster.ts';
import { watchPicture } from '../support/browsers/picture-gaps.ts';
import { startRedis } from '../support/redis/redis.ts';

/** Firefox pairs no loopback candidate: the machine's outside address is announced. */
const reachable = { RTC_LISTEN_IP: '0.0.0.0' };

let firefox: TestFirefox;
let chromium: TestBrowser;

beforeAll(async () => {
  [firefox, chromium] = await Promise.all([TestFirefox.launch(), TestBrowser.launch()]);
});

afterAll(async () => {
  await chromium?.[Symbol.asyncDispose]();
  await firefox?.[Symbol.asyncDispose]();
});

/** Ada and Bob in Firefox on the first two nodes, Eve in Chromium with Bob; Ada by the first gateway, the others by the second. */
async function meet() {
  await using stack = new AsyncDisposableStack();
  const redis = await startRedis();
  stack.defer(() => redis.stop());
  const cluster = stack.use(
    await startProcessCluster({ nodes: 3, gateways: 2, redisUrl: redis.url, settings: reachable }),
  );
  const [first = '', second = ''] = cluster.gateways.map(({ url }) => `${url.replace('http', 'ws')}/ws`);
  const url = cluster.gateways[0]?.url ?? '';
  const ada = await join(firefox, url, { name: 'Ada', node: 'node-1', server: `${first},${second}` });
  stack.defer(() => ada.close());
  const bob = await join(firefox, url, { name: 'Bob', node: 'node-2', server: `${second},${first}` });
  stack.defer(() => bob.close());
  const eve = await join(chromium, url, { name: 'Eve', node: 'node-2', server: `${second},${first}` });
  stack.defer(() => eve.close());
  const everybody: People = { ada, bob, eve };
  await everybodyMeets(everybody);
  await forEverybody(everybody, witness);
  await Promise.all([watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada'), watchPicture(eve, 'Ada')]);
  const all = stack.move();
  return { cluster, ada, bob, eve, everybody, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const self = (tab: Tab) =>
  tab.evaluate(() => ({ peerId: window.sluice?.room?.peerId, node: window.sluice?.room?.node }), undefined);

async function isElsewhere(tab: Tab, node: string | undefined): Promise<void> {
  const moved = async () => (await self(tab)).node !== node;
  await eventually('another node', moved, { withinMs: 30_000, everyMs: 50 });
}

/** Everybody sees and hears, as the same people, and was not told of anybody as gone. */
async function expectNothingLost(everybody: People): Promise<void> {
  await picturesMove(everybody);
  await forEverybody(everybody, async (tab) => {
    await hearsSound(tab, { tracks: 2 });
    expect(await testimonyOf(tab)).toMatchObject({ left: [], ends: [] });
  });
}

test('[CL51] a node is killed under two Firefox and a Chromium: pictures go on both ways, and nobody leaves', async () => {
  await using meeting = await meet();
  const { ada, everybody, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.nodes[0]?.kill('SIGKILL');
  await isElsewhere(ada, before.node);
  await expectNothingLost(everybody);
  expect((await self(ada)).peerId).toBe(before.peerId);
});

test('[CL51] a gateway is killed: Firefox is taken up by another, and its media stays where it is', async () => {
  await using meeting = await meet();
  const { ada, everybody, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.gateways[0]?.kill('SIGKILL');
  const isBack = async () => (await testimonyOf(ada)).told.some((words) => words.startsWith('Back after'));
  await eventually('Ada to be back', isBack, { withinMs: 30_000, everyMs: 50 });
  await expectNothingLost(everybody);
  expect(await self(ada)).toEqual(before);
});

test('[CL51] a node is drained: Firefox is elsewhere before the node goes', async () => {
  await using meeting = await meet();
  const { ada, everybody, cluster } = meeting;
  const before = await self(ada);
  const drained = cluster.processes.nodes[0];
  drained?.kill('SIGTERM');
  await isElsewhere(ada, before.node);
  expect(await drained?.exited).toBe(0);
  await expectNothingLost(everybody);
  expect((await self(ada)).peerId).toBe(before.peerId);
});
