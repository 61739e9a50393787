import { expect, test } from 'vitest';
import type { PooledWorker, WorkerPool } from '../../../../apps/media-node/src/mediasoup/worker-pool.ts';
import { coolest } from '../../../../apps/media-node/src/mediasoup/worker-choice.ts';
import { SliceRouters } from '../../../../apps/media-node/src/room/slice-routers.ts';

const observer = { on: () => undefined };
let routers = 0;

const router = () => ({
  id: `router-${++routers}`,
  rtpCapabilities: { codecs: [] },
  closed: false,
  on: () => undefined,
  observer,
  createAudioLevelObserver: async () => observer,
});

const workerAt = (index: number, state: Partial<PooledWorker> = {}): PooledWorker =>
  ({
    index,
    worker: { createRouter: async () => router() },
    load: 0,
    cpuSeconds: 0,
    placed: 0,
    peers: 0,
    ...state,
  }) as unknown as PooledWorker;

const poolOf = (workers: PooledWorker[]) => ({ workers, leastLoaded: () => coolest(workers) }) as unknown as WorkerPool;

function routersOf(workers: PooledWorker[], policy: 'pack' | 'spread'): SliceRouters {
  const noOne = () => undefined;
  return new SliceRouters({ pool: poolOf(workers), policy, hotLoad: 0.7, onLost: noOne, onSpeakers: noOne });
}

/** As many peers at once: their workers, by index. */
async function burst(slice: SliceRouters, size: number): Promise<number[]> {
  const chosen = await Promise.all(Array.from({ length: size }, () => slice.forPeer()));
  for (const one of chosen) one.addPeer();
  return chosen.map(({ worker }) => worker.index);
}

const countOf = (chosen: number[], index: number) => chosen.filter((one) => one === index).length;

test('[NO50] pack: a burst stays on one worker until what was placed there would make it hot', async () => {
  const workers = [workerAt(0), workerAt(1)];
  const slice = routersOf(workers, 'pack');
  expect(countOf(await burst(slice, 60), 0)).toBe(60);
  const more = await burst(slice, 30);
  expect([countOf(more, 0), countOf(more, 1)]).toEqual([10, 20]);
});

test('[NO50] pack: rooms that are born at once are shared out, also where the workers differ in what they do already', async () => {
  const workers = [workerAt(0, { load: 0.1 }), workerAt(1), workerAt(2)];
  const chosen = await Promise.all(Array.from({ length: 60 }, () => routersOf(workers, 'pack').forPeer()));
  const indexes = chosen.map(({ worker }) => worker.index);
  expect([0, 1, 2].map((index) => countOf(indexes, index))).toEqual([14, 23, 23]);
});

test('[NO50] spread: peers of a room go round the workers, those on their way counted', async () => {
  const workers = [workerAt(0), workerAt(1), workerAt(2)];
  const slice = routersOf(workers, 'spread');
  const chosen = await burst(slice, 90);
  expect([0, 1, 2].map((index) => countOf(chosen, index))).toEqual([30, 30, 30]);
});

test('[NO50] spread: the first peers of many rooms go round the workers too', async () => {
  const workers = [workerAt(0), workerAt(1), workerAt(2)];
  const chosen = await Promise.all(Array.from({ length: 60 }, () => routersOf(workers, 'spread').forPeer()));
  const indexes = chosen.map(({ worker }) => worker.index);
  expect([0, 1, 2].map((index) => countOf(indexes, index))).toEqual([20, 20, 20]);
});

test('[NO50] a router that cannot be made leaves nobody counted as on the way', async () => {
  const broken = workerAt(0, { worker: { createRouter: () => Promise.reject(new Error('dead')) } as never });
  const workers = [broken, workerAt(1)];
  const slice = routersOf(workers, 'spread');
  await expect(slice.forPeer()).rejects.toThrow('dead');
  expect(await burst(slice, 1)).toEqual([1]);
});
