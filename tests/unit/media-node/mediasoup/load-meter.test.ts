import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { cpuQuota } from '../../../../apps/media-node/src/mediasoup/cpu-quota.ts';
import { LoadMeter } from '../../../../apps/media-node/src/mediasoup/load-meter.ts';
import { ownLoadMeter } from '../../../../apps/media-node/src/mediasoup/process-load.ts';
import type { PooledWorker, WorkerPool } from '../../../../apps/media-node/src/mediasoup/worker-pool.ts';

interface Rates {
  /** Cores that each worker uses. */
  workers: number[];
  /** Cores that the node's own process uses. */
  own?: number;
  eventLoop?: number;
  /** Cores that all of them may use. */
  cores: number;
}

/** A node that has been doing the same for ten seconds. */
async function measured({ workers, own = 0, eventLoop = 0, cores }: Rates) {
  const clock = new ManualClock();
  const pooled = workers.map((rate, index) => {
    const worker = { getResourceUsage: async () => ({ ru_utime: rate * clock.now(), ru_stime: 0 }) };
    return { index, worker, load: 0, cpuSeconds: 0, placed: 8, peers: 8 } as unknown as PooledWorker;
  });
  const pool = { workers: pooled } as unknown as WorkerPool;
  let askedAt = 0;
  const ownLoad = () => {
    const cpuMs = own * (clock.now() - askedAt);
    askedAt = clock.now();
    return { eventLoop, cpuMs };
  };
  const meter = new LoadMeter({ pool, clock, cores, own: ownLoad, onHang: () => undefined });
  meter.start();
  await clock.advance(10_000);
  meter.stop();
  return { meter, workers: pooled };
}

it("[NO51] a node's load is what its workers use, where they are the bottleneck", async () => {
  const { meter, workers } = await measured({ workers: [0.9, 0.3], eventLoop: 0.1, own: 0.1, cores: 4 });
  expect(meter.ratio).toBeCloseTo(0.6, 1);
  expect(workers.map(({ load }) => load.toFixed(1))).toEqual(['0.9', '0.3']);
});

it('[NO51] a busy event loop of its own process counts, however idle the workers are', async () => {
  const { meter } = await measured({ workers: [0.05, 0.05], eventLoop: 0.95, own: 0.95, cores: 8 });
  expect(meter.ratio).toBeGreaterThan(0.9);
  expect(meter.eventLoop).toBeGreaterThan(0.9);
});

it('[NO51] under a quota of half a core, using it up is a load of 1, of the node and of its worker', async () => {
  const { meter, workers } = await measured({ workers: [0.45], own: 0.05, eventLoop: 0.2, cores: 0.5 });
  expect(meter.ratio).toBeGreaterThan(0.95);
  expect(workers[0]?.load).toBeGreaterThan(0.85);
});

it('[NO51] more workers than cores use them up together', async () => {
  const { meter } = await measured({ workers: [0.5, 0.5, 0.5, 0.5], cores: 2 });
  expect(meter.ratio).toBeGreaterThan(0.95);
});

it('[NO50] peers that were just placed on a worker count less with each sample', async () => {
  const { workers } = await measured({ workers: [0.1], cores: 2 });
  expect(workers[0]?.placed).toBeLessThan(0.1);
});

it('[NO51] the process measures its own event loop', () => {
  const meter = ownLoadMeter();
  meter();
  const until = performance.now() + 50;
  while (performance.now() < until);
  const { eventLoop, cpuMs } = meter();
  expect(eventLoop).toBeGreaterThan(0.5);
  expect(cpuMs).toBeGreaterThan(0);
});

it.each([
  { name: 'no limit', files: { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, quota: undefined },
  { name: 'no control groups', files: {}, quota: undefined },
  { name: 'a container', files: { '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, quota: 0.5 },
  {
    name: 'a service whose slice is narrower',
    files: {
      '/proc/self/cgroup': '0::/media.slice/sluice.service\n',
      '/sys/fs/cgroup/media.slice/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/media.slice/sluice.service/cpu.max': '400000 100000\n',
    },
    quota: 1.5,
  },
  {
    name: 'the first version of control groups',
    files: { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    quota: 2.5,
  },
  {
    name: 'the first version, without a limit',
    files: { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    quota: undefined,
  },
  { name: 'what nobody understands', files: { '/sys/fs/cgroup/cpu.max': 'lots\n' }, quota: undefined },
])('[NO51] the CPU quota is read: $name', ({ files, quota }) => {
  const known: Record<string, string> = files;
  expect(cpuQuota((path) => known[path])).toBe(quota);
});
