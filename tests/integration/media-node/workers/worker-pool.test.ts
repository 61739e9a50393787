import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, silentLogger } from '@sluice/shared';
import { eventually, ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { readNodeConfig } from '../../../../apps/media-node/src/config.ts';
import { logWorkers } from '../../../../apps/media-node/src/mediasoup/worker-log.ts';
import { WorkerPool } from '../../../../apps/media-node/src/mediasoup/worker-pool.ts';

const config = readNodeConfig({ ...process.env, WORKERS: '1', RTC_LISTEN_IP: '127.0.0.1', RTC_PORT: '0' });

async function died(pool: WorkerPool): Promise<void> {
  const [worker] = pool.workers;
  pool.kill(worker!);
  await eventually('the death to be noticed', () => !pool.workers.includes(worker!));
}

const restarted = (pool: WorkerPool) => eventually('another worker', () => pool.workers.length === 1);

test('[NO43] a worker that dies right after its start again and again is started later each time', async () => {
  const clock = new ManualClock();
  let deaths = 0;
  const pool = new WorkerPool({ config, clock, log: silentLogger, onDied: () => void deaths++ });
  await pool.start();
  await died(pool);
  await clock.advance(0);
  await restarted(pool);
  for (const waitMs of [200, 400, 800]) {
    await died(pool);
    await clock.advance(waitMs * 0.75);
    expect([pool.workers.length, clock.pending], `${waitMs} ms are not over`).toEqual([0, 1]);
    await clock.advance(waitMs * 0.5);
    await restarted(pool);
  }
  await clock.advance(10_000);
  await died(pool);
  await clock.advance(0);
  await restarted(pool);
  expect(deaths).toBe(5);
  pool.close();
});

test('[NO43] what is closed while a worker waits to be started starts none', async () => {
  const clock = new ManualClock();
  const pool = new WorkerPool({ config, clock, log: silentLogger, onDied: () => undefined });
  await pool.start();
  await died(pool);
  pool.close();
  await clock.advance(60_000);
  expect([pool.workers, clock.pending]).toEqual([[], 0]);
});

test('[NO44] what a worker writes to stderr is in the log of the node', async () => {
  const workerBin = path.join(await mkdtemp(path.join(tmpdir(), 'worker-')), 'worker.sh');
  await writeFile(workerBin, '#!/bin/sh\necho "out of luck" >&2\nexit 1\n');
  await chmod(workerBin, 0o755);
  const log = createLogger({ name: 'test', level: 'silent' });
  const logged: string[] = [];
  log.error = ((_: object, line: string) => void logged.push(line)) as typeof log.error;
  const clock = new ManualClock();
  logWorkers({ log, clock, onLine: () => undefined });
  const pool = new WorkerPool({ config: { ...config, workerBin }, clock, log, onDied: () => undefined });
  await expect(pool.start()).rejects.toThrow();
  await eventually('the line', () => logged.some((line) => line.includes('out of luck')));
});
