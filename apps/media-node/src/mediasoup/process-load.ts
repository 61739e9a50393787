import { performance } from 'node:perf_hooks';
import { availableParallelism } from 'node:os';
import { cpuQuota } from './cpu-quota.ts';

/** What this process itself did since it was last asked. */
export interface OwnLoad {
  /** Share of the time in which the event loop was busy, 0–1. */
  eventLoop: number;
  /** CPU time, in ms. */
  cpuMs: number;
}

/** Each call tells what was done since the one before. */
export function ownLoadMeter(): () => OwnLoad {
  let loop = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization: eventLoop } = performance.eventLoopUtilization(now, loop);
    const { user, system } = process.cpuUsage(cpu);
    loop = now;
    cpu = process.cpuUsage();
    return { eventLoop, cpuMs: (user + system) / 1000 };
  };
}

/** How many cores this node may use, its workers included: those of the host, or what its control group is given. */
export const usableCores = (): number => Math.min(availableParallelism(), cpuQuota() ?? Number.POSITIVE_INFINITY);
