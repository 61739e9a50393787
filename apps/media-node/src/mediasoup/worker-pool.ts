import type { Clock, Logger } from '@sluice/shared';
import { jittered } from '@sluice/shared';
import { createWorker, type types } from 'mediasoup';
import type { NodeConfig } from '../config.ts';
import { rtcAddresses } from '../settings/addresses.ts';
import { coolest } from './worker-choice.ts';

/** One worker process, and the one UDP and TCP port that all its WebRTC transports share. */
export interface PooledWorker {
  readonly index: number;
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  /** Share of its core in use, 0–1, over the last sample. */
  load: number;
  /** CPU seconds used since it started. */
  cpuSeconds: number;
  /** Peers that were placed on it and that `load` doesn't show yet: the load meter halves it with each sample. */
  placed: number;
  /** Peers of all rooms whose transports are on it. */
  peers: number;
}

/**
 * A worker that dies sooner than this after its start, in ms, or that can't be started, has failed: longer would slow down
 * the replacement of one that was killed for a reason of its own.
 */
const steadyAfterMs = 10_000;
/** How long the replacement waits after the second failure in a row, in ms, doubled with each further one, at most. */
const respawnDelayMs = { second: 200, most: 10_000 } as const;

export interface WorkerPoolOptions {
  config: NodeConfig;
  clock: Clock;
  log: Logger;
  onDied: () => void;
}

/** One mediasoup worker a core. One that dies is replaced; what lived on it is its owners' to move. */
export class WorkerPool {
  readonly #config: NodeConfig;
  readonly #log: Logger;
  readonly #onDied: () => void;
  readonly #clock: Clock;
  readonly #workers: (PooledWorker | undefined)[] = [];
  /** How often in a row each has failed. */
  readonly #failures: number[] = [];
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#clock = options.clock;
    this.#config = options.config;
    this.#log = options.log;
    this.#onDied = options.onDied;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#config.workers }, (_, index) => this.#spawn(index)));
  }

  get workers(): PooledWorker[] {
    return this.#workers.filter((worker) => worker !== undefined);
  }

  /** @throws noCapacity while no worker lives. */
  leastLoaded(): PooledWorker {
    return coolest(this.workers);
  }

  /** Ends a worker that hangs. It then counts as one that died. */
  kill({ index, worker }: PooledWorker): void {
    this.#log.error({ worker: index, pid: worker.pid }, 'A worker hangs and is killed.');
    try {
      process.kill(worker.pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }

  close(): void {
    this.#closed = true;
    for (const { worker } of this.workers) worker.close();
  }

  async #spawn(index: number): Promise<void> {
    const { workerBin } = this.#config;
    const worker = await createWorker({ logLevel: 'warn', ...(workerBin !== undefined && { workerBin }) });
    try {
      ignoreSignals(worker);
      const webRtcServer = await worker.createWebRtcServer({ listenInfos: this.#listenInfos(index) });
      if (this.#closed) worker.close();
      else this.#workers[index] = { index, worker, webRtcServer, load: 0, cpuSeconds: 0, placed: 0, peers: 0 };
    } catch (error) {
      worker.close();
      throw error;
    }
    const startedAt = this.#clock.now();
    worker.on('died', (error) => this.#replace(index, startedAt, error));
  }

  #replace(index: number, startedAt: number, error: unknown): void {
    this.#workers[index] = undefined;
    if (this.#closed) return;
    this.#log.error({ error, worker: index }, 'A worker died; another is started in its place.');
    this.#onDied();
    if (this.#clock.now() - startedAt >= steadyAfterMs) this.#failures[index] = 0;
    this.#respawn(index);
  }

  /** At once after the first failure, ever later after further ones in a row: it must not spin. */
  #respawn(index: number): void {
    const failures = (this.#failures[index] ?? 0) + 1;
    this.#failures[index] = failures;
    const { second, most } = respawnDelayMs;
    const delayMs = failures === 1 ? 0 : jittered(Math.min(second * 2 ** (failures - 2), most), 0.2);
    this.#clock.setTimer(() => {
      if (this.#closed) return;
      this.#spawn(index).catch((error: unknown) => {
        this.#log.error({ error, worker: index }, 'A worker could not be started; trying again.');
        this.#respawn(index);
      });
    }, delayMs);
  }

  #listenInfos(index: number): types.TransportListenInfo[] {
    const { rtcPort } = this.#config;
    const port = rtcPort > 0 ? { port: rtcPort + index } : {};
    return rtcAddresses(this.#config).flatMap((address): types.TransportListenInfo[] => {
      // Else it would take the IPv4 port too, which has a socket of its own.
      const flags = address.ip === '::' ? { flags: { ipv6Only: true } } : {};
      const common = { ...address, ...port, ...flags };
      return [
        { protocol: 'udp', ...common },
        { protocol: 'tcp', ...common },
      ];
    });
  }
}

/**
 * mediasoup closes every worker by itself at SIGTERM and SIGINT, which would end all media at the start of a drain.
 * When a worker goes is the node's to say; one whose node is gone ends by itself.
 */
function ignoreSignals(worker: types.Worker): void {
  const { onSignal } = worker as types.Worker & { onSignal?: (signal: NodeJS.Signals) => void };
  if (!onSignal || !process.listeners('SIGTERM').includes(onSignal)) {
    throw new Error('This version of mediasoup listens to signals in another way: its workers would end with a drain.');
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeListener(signal, onSignal);
}
