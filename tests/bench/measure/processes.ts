import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The processes that this one started, oldest first. */
export function childrenOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
  return children.toSorted((a, b) => a - b);
}

/** The mediasoup workers of a node, in the order in which it started them. */
export function workersOf(pid: number): number[] {
  return childrenOf(pid).filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('mediasoup-wor'));
}

/** CPU time so far in µs, by the scheduler's own clock in ns; where it keeps none, by its ticks of 10 ms. */
export function cpuMicroseconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((total, thread) => total + runNanoseconds(`/proc/${pid}/task/${thread}/schedstat`), 0) / 1000;
  } catch {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  }
}

const runNanoseconds = (file: string) => Number(readFileSync(file, 'utf8').split(' ')[0]);

/** Datagrams that sockets on this host have dropped since they were opened, for want of room, by local port. */
export function socketDrops(): Map<number, number> {
  const lines = readFileSync('/proc/net/udp', 'utf8').trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const fields = line.trim().split(/\s+/);
      return [Number.parseInt(fields[1]?.split(':')[1] ?? '0', 16), Number(fields.at(-1))];
    }),
  );
}

/** Which cores the workers get and which the rest; undefined where there is but one, or nothing to pin with. */
export function coresToPin(): { workers: number[]; rest: number[] } | undefined {
  const cores = availableParallelism();
  if (cores < 2 || spawnSync('taskset', ['--version']).status !== 0) return undefined;
  // A sender, a receiver and their kernel work need as much as what is measured.
  const half = Array.from({ length: Math.floor(cores / 2) }, (_, core) => core);
  return { workers: half, rest: Array.from({ length: cores - half.length }, (_, core) => half.length + core) };
}

/** All threads of a process. What it starts from now on begins there too. */
export function pin(pid: number, cores: readonly number[]): void {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.join(','), String(pid)]);
}
