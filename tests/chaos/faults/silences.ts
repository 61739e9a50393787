import { setTimeout as wait } from 'node:timers/promises';
import { workersOf } from '../../bench/measure/processes.ts';
import type { Fault, Scene } from '../fault.ts';
import { hungWorkerMs } from './nodes.ts';

/** Longer than a lease (2 s): a process that is silent for so long is taken for lost, and is not. */
const silentMs = 3000;

/** Longer than the timers that a lost lease or a lost session starts, in ms. */
const common = { observeMs: 60_000, runs: 2 } as const;

async function silence(stop: () => unknown, goOn: () => unknown, forMs = silentMs): Promise<void> {
  await stop();
  try {
    await wait(forMs);
  } finally {
    await goOn();
  }
}

const frozenWorkers = (id: string, seconds: number): Fault => ({
  ...common,
  id,
  name: `the workers of a node stand still for ${seconds} s`,
  how: 'SIGSTOP of each of its workers, then SIGCONT',
  expect:
    'media stands still as long at most, and goes on, by new workers if need be; a minute later every peer is there',
  touchesMedia: true,
  barMs: hungWorkerMs,
  act: async ({ node, ada, problem }: Scene) => {
    const before = workersOf(node.pid);
    await silence(
      () => before.forEach((pid) => process.kill(pid, 'SIGSTOP')),
      // The watchdog may have killed them.
      () => before.filter((pid) => workersOf(node.pid).includes(pid)).forEach((pid) => process.kill(pid, 'SIGCONT')),
      1000 * seconds,
    );
    if (ada.room.node !== node.name) problem('a peer left its node');
  },
});

export const silentFaults: readonly Fault[] = [
  { ...frozenWorkers('5b', 3), fast: true },
  frozenWorkers('5c', 10),
  {
    ...common,
    id: '9b',
    name: 'a gateway stands still for 3 s',
    how: 'SIGSTOP, then SIGCONT',
    expect: 'media without a lost packet; a minute later every peer is there',
    touchesMedia: false,
    act: ({ gateway }) =>
      silence(
        () => gateway.kill('SIGSTOP'),
        () => gateway.kill('SIGCONT'),
      ),
  },
  {
    ...common,
    id: '13c',
    name: 'Redis stands still for 3 s',
    how: 'SIGSTOP, then SIGCONT',
    expect: 'media without a lost packet; a minute later every peer is there',
    touchesMedia: false,
    act: ({ stage: { redis } }) =>
      silence(
        () => redis.pause(),
        () => redis.resume(),
      ),
  },
  {
    ...common,
    id: '16c',
    name: 'a node hears nothing of Redis for 3 s, and Redis nothing of it',
    how: 'nothing comes through either way',
    expect: 'its peers go on, there or elsewhere, make before break; a minute later every peer is there',
    touchesMedia: true,
    barMs: 3000,
    act: ({ stage, node }) => {
      const way = stage.way(node.name);
      return silence(
        () => way.hold('there', 'back'),
        () => way.heal(),
      );
    },
  },
  {
    ...common,
    id: '17b',
    name: 'a gateway hears nothing of Redis for 3 s, and Redis nothing of it',
    how: 'nothing comes through either way',
    expect: 'media without a lost packet; a minute later every peer is there',
    touchesMedia: false,
    fast: true,
    act: ({ stage, gateway }) => {
      const way = stage.way(gateway.name);
      return silence(
        () => way.hold('there', 'back'),
        () => way.heal(),
      );
    },
  },
];
