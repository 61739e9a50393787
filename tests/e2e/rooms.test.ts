import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { readMetric, startProcessCluster, type TestCluster } from '../support/clusters/cluster.ts';
import { MediaPage } from '../support/browsers/media-page.ts';
import { type TestRedis, startRedis } from '../support/redis/redis.ts';
import { patience } from '../support/clusters/topologies.ts';

const people = 6;
/** Thirty of these are decoded at once, on whatever machine this runs. */
const camera = { width: 160, height: 90, frameRate: 8 };

let redis: TestRedis;
let cluster: TestCluster;
let browser: TestBrowser;

beforeAll(async () => {
  redis = await startRedis();
  [cluster, browser] = await Promise.all([
    startProcessCluster({ nodes: 3, gateways: 2, redisUrl: redis.url, settings: patience }),
    TestBrowser.launch(),
  ]);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await redis?.stop();
});

it('[CL2] six people over three nodes: everyone sees and hears everyone, and each two routers share one pipe', async () => {
  const everyone: MediaPage[] = [];
  const published: { audio?: string; video?: string }[] = [];
  // One after the other: six tabs that start at once would leave the cluster no time on two cores.
  for (let index = 0; index < people; index++) {
    const tab = await enter(index);
    everyone.push(tab);
    published.push(await tab.do('publish', { audio: true, video: camera }));
  }

  await Promise.all(everyone.map((tab, index) => seesAndHears(tab, published.toSpliced(index, 1))));
  const pairs = await Promise.all(
    cluster.nodes.map(({ opsUrl }) => readMetric(opsUrl, 'sfu_pipes', { scope: 'node' })),
  );
  expect(pairs, 'each node has one pair with each of the other two').toEqual([2, 2, 2]);
  const carried = await Promise.all(cluster.nodes.map(({ opsUrl }) => readMetric(opsUrl, 'sfu_pipe_producers')));
  expect(carried, 'the four others on two other nodes, each with two tracks').toEqual([8, 8, 8]);

  await Promise.all(everyone.map((tab) => tab.do('leave')));
  for (const { opsUrl } of cluster.nodes) {
    for (const metric of [
      'sfu_pipes',
      'sfu_transports',
      'sfu_producers',
      'sfu_consumers',
      'sfu_rooms',
      'sfu_routers',
    ]) {
      const gone = async () => (await readMetric(opsUrl, metric)) === 0;
      await eventually(`${metric} to be 0`, gone, { withinMs: 10_000, everyMs: 100 });
    }
  }
});

async function enter(index: number): Promise<MediaPage> {
  const tab = await MediaPage.open(browser);
  const url = cluster.gateways[index % 2]?.url ?? '';
  const { node } = await tab.do('join', { url, room: 'everyone', node: `node-${(index % 3) + 1}` });
  expect(node).toBe(`node-${(index % 3) + 1}`);
  return tab;
}

async function seesAndHears(tab: MediaPage, others: { audio?: string; video?: string }[]): Promise<void> {
  const patient = { withinMs: 30_000, everyMs: 250 };
  for (const { audio, video } of others) {
    const seen = await tab.brings(video, 'ten frames', ({ framesDecoded }) => framesDecoded >= 10, patient);
    expect(seen).toMatchObject({ width: camera.width, height: camera.height });
    await tab.brings(audio, 'sound', ({ energy }) => energy > 0.001, patient);
  }
  const received = await tab.do('received');
  expect(received).toHaveLength(2 * others.length);
  // Two on each node: one of the others is on one's own.
  expect(received.filter(({ path }) => path === 'router')).toHaveLength(2);
  expect(received.filter(({ path }) => path === 'node')).toHaveLength(2 * (others.length - 1));
}
