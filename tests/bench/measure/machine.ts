import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { version } from 'mediasoup';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  mediasoup: string;
  /** Where the worker binary came from. */
  worker: string;
  /** How CPU was measured, where it was. */
  counter: string | undefined;
  /** Of the last minute, when the run began: beyond a fraction of the cores, somebody else was at work. */
  load: number;
}

export function describeMachine(counter?: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    mediasoup: version,
    worker: workerBuild(),
    counter,
    load: loadavg()[0] ?? 0,
  };
}

export function machineLines(machine: Machine): string[] {
  return [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, load ${machine.load.toFixed(2)} at the start`,
    `Node ${machine.node}, mediasoup ${machine.mediasoup}, worker ${machine.worker}${machine.counter === undefined ? '' : `; CPU by ${machine.counter}`}`,
  ];
}

/** Whether this host counts instructions: a virtual one often doesn't. */
export function countsInstructions(): boolean {
  const { status, stderr } = spawnSync('perf', ['stat', '-x', ',', '-e', 'instructions', 'true'], { encoding: 'utf8' });
  return status === 0 && /^\d/m.test(stderr);
}

/** The set-up leaves a word about it beside the binary. */
function workerBuild(): string {
  const binary = process.env['MEDIASOUP_WORKER_BIN'];
  if (binary === undefined) return "of mediasoup's own installation";
  try {
    return readFileSync(join(dirname(binary), 'origin.txt'), 'utf8').trim();
  } catch {
    return 'given by MEDIASOUP_WORKER_BIN';
  }
}
