import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { cpuMicroseconds } from './processes.ts';

export interface Usage {
  cpuMicroseconds: number;
  /** Only where the host counts them. */
  instructions?: number;
}

/** perf says nothing when it has attached; it is there well within this, in ms. */
const attachMs = 300;

/** Measures what processes use while `run` runs; in the order of `pids`. */
export async function measured(pids: readonly number[], perf: boolean, run: () => Promise<void>): Promise<Usage[]> {
  const counters = perf ? await Promise.all(pids.map((pid) => InstructionCounter.attach(pid))) : [];
  const before = pids.map(cpuMicroseconds);
  await run();
  const used = pids.map((pid, index) => cpuMicroseconds(pid) - (before[index] ?? 0));
  const instructions = await Promise.all(counters.map((counter) => counter.stop()));
  return used.map((microseconds, index) => ({
    cpuMicroseconds: microseconds,
    ...(perf && { instructions: instructions[index] ?? Number.NaN }),
  }));
}

/** `perf stat` on one process. Instructions repeat within 3 %, whatever else the host is at; time does not. */
class InstructionCounter {
  readonly #perf: ChildProcess;
  #output = '';

  private constructor(pid: number) {
    this.#perf = spawn('perf', ['stat', '-x', ',', '-e', 'instructions', '-p', String(pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#perf.stderr?.on('data', (chunk) => (this.#output += String(chunk)));
  }

  static async attach(pid: number): Promise<InstructionCounter> {
    const counter = new InstructionCounter(pid);
    await wait(attachMs);
    return counter;
  }

  async stop(): Promise<number> {
    const ended = once(this.#perf, 'close');
    this.#perf.kill('SIGINT');
    await ended;
    return Number.parseFloat(/^([\d.]+),/m.exec(this.#output)?.[1] ?? 'NaN');
  }
}
