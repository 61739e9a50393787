import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The text of a file, or undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

const root = '/sys/fs/cgroup';

/**
 * How many cores this process's control group may use, as the kernel limits it (`docker --cpus`, a Kubernetes limit);
 * undefined where there is no limit. Of nested groups the narrowest counts.
 */
export function cpuQuota(read: ReadFile = readIfThere): number | undefined {
  const own = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  const quotas = [...pathsUp(own).map((path) => versionTwo(read, path)), versionOne(read)];
  const known = quotas.filter((quota) => quota !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** The group and those around it. */
function pathsUp(path: string): string[] {
  return path === '/' ? [path] : [path, ...pathsUp(dirname(path))];
}

/** `cpu.max` says `QUOTA PERIOD` in µs, or `max PERIOD`. */
function versionTwo(read: ReadFile, path: string): number | undefined {
  const [quota, period] = (read(join(root, path, 'cpu.max')) ?? '').trim().split(' ').map(Number);
  return coresOf(quota, period);
}

function versionOne(read: ReadFile): number | undefined {
  const value = (name: string) => Number(read(join(root, 'cpu', name)) ?? Number.NaN);
  return coresOf(value('cpu.cfs_quota_us'), value('cpu.cfs_period_us'));
}

function coresOf(quota = Number.NaN, period = Number.NaN): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
