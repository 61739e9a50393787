import { setTimeout as wait } from 'node:timers/promises';
import { measured, type Usage } from '../measure/meter.ts';
import { sum } from '../measure/statistics.ts';
import type { Case } from './cases.ts';

export interface VolleyOptions {
  seconds: number;
  packetsPerSecond: number;
  perf: boolean;
}

/** What one stretch of forwarding cost. */
export interface Volley {
  /** In the order of the case's workers. */
  workers: Usage[];
  /** This process: publishers and viewers. */
  generatorMicroseconds: number;
  milliseconds: number;
  /** Packets that the publisher sent, that its viewers were due, that the workers sent them, that arrived. */
  published: number;
  due: number;
  forwarded: number;
  arrived: number;
}

/** What is under way when the last packet has been sent, in ms. It costs nothing to wait longer. */
const drainMs = 150;
/** Long enough for a key frame: a viewer is sent nothing before one. */
const warmUpMs = 500;

/** Lets every viewer of a case receive: before that a packet has nobody to go to. */
export async function warmUp({ name, publisher, viewers }: Case, packetsPerSecond: number): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    await publisher.volley(Math.ceil((packetsPerSecond * warmUpMs) / 1000), packetsPerSecond);
    await wait(drainMs);
    if (viewers.every(({ received }) => received > 0)) return;
  }
  throw new Error(`${name}: ${viewers.filter(({ received }) => received === 0).length} viewers receive nothing.`);
}

/** Exactly so many packets, counted where they were sent and where they arrived, while the workers are measured. */
export async function fire(one: Case, { seconds, packetsPerSecond, perf }: VolleyOptions): Promise<Volley> {
  const { publisher, viewers, workers } = one;
  const published = seconds * packetsPerSecond;
  const sentBefore = await sentTo(one);
  const arrivedBefore = sum(viewers.map(({ received }) => received));
  const cpuBefore = process.cpuUsage();
  let milliseconds = 0;
  const usage = await measured(workers, perf, async () => {
    milliseconds = await publisher.volley(published, packetsPerSecond);
    await wait(drainMs);
  });
  const cpu = process.cpuUsage(cpuBefore);
  return {
    workers: usage,
    generatorMicroseconds: cpu.user + cpu.system,
    milliseconds,
    published,
    due: published * viewers.length,
    forwarded: (await sentTo(one)) - sentBefore,
    arrived: sum(viewers.map(({ received }) => received)) - arrivedBefore,
  };
}

async function sentTo({ viewers }: Case): Promise<number> {
  return sum(await Promise.all(viewers.map((viewer) => viewer.sentByServer())));
}
