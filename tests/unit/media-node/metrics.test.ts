import { createMetricsRegistry } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { createNodeMetrics, type NodeCensus } from '../../../apps/media-node/src/metrics.ts';

const census: NodeCensus = {
  workers: [{ index: 0, cpuSeconds: 1, load: 0.5 }],
  loadRatio: 0.5,
  eventLoopRatio: 0.1,
  rooms: 3,
  draining: 0,
  peers: 4,
  routers: 3,
  transports: 8,
  producers: { audio: 1, video: 2, data: 0 },
  consumers: { audio: 5, video: 6, data: 0 },
  pipes: { worker: 0, node: 1 },
  pipeProducers: { worker: 0, node: 1 },
  relayedProducers: 0,
  avoidedWays: 0,
  state: 'up',
};

it('[NO52] a scrape counts what is there once, for all its gauges, and the next scrape counts anew', async () => {
  const registry = createMetricsRegistry({ role: 'node', version: '1', node: 'n' });
  let [taken, rooms] = [0, 3];
  createNodeMetrics(registry, () => {
    taken++;
    return { ...census, rooms };
  });
  expect(await registry.metrics()).toMatch(/^sfu_rooms\S* 3$/m);
  expect(taken).toBe(1);
  await settle();
  rooms = 4;
  expect(await registry.metrics()).toMatch(/^sfu_rooms\S* 4$/m);
  expect(taken).toBe(2);
});
