import type { Clock, Timer } from '@sluice/shared';
import type { OwnLoad } from './process-load.ts';
import type { PooledWorker, WorkerPool } from './worker-pool.ts';

/** Between samples, in ms. Shorter follows bursts that placement should not; longer reacts to a rush too late. */
const sampleEveryMs = 1000;
/** How much of the last value a new sample replaces: a burst of one second moves it half-way. */
const smoothing = 0.5;

/**
 * A worker that owes this many answers in a row hangs, and is killed: it is replaced like one that died. Counted in
 * questions and not in seconds, so that a process that was frozen itself takes no worker for hung when it wakes.
 */
const unansweredAtMost = 3;

export interface LoadMeterOptions {
  pool: WorkerPool;
  clock: Clock;
  /** How many cores this process and its workers may use together. */
  cores: number;
  /** What this process did since it was last asked. */
  own: () => OwnLoad;
  onHang: (worker: PooledWorker) => void;
}

/** Measures what each worker uses of its core and what this process does itself, and that each worker answers. */
export class LoadMeter {
  readonly #options: LoadMeterOptions;
  readonly #last = new Map<PooledWorker, { at: number; cpuMs: number }>();
  readonly #unanswered = new Map<PooledWorker, number>();
  /** Smoothed: share of the time in which the event loop was busy, and cores that this process used. */
  readonly #own = { eventLoop: 0, cores: 0 };
  #sampledAt: number;
  #timer: Timer | undefined;

  constructor(options: LoadMeterOptions) {
    this.#options = options;
    this.#sampledAt = options.clock.now();
  }

  start(): void {
    this.#sampledAt = this.#options.clock.now();
    this.#options.own();
    this.#timer = this.#options.clock.setRepeating(() => this.#sample(), sampleEveryMs);
  }

  /**
   * How near this node is to its first bottleneck, 0–1: the mean of the workers, the event loop of this process, or all
   * of them together beside the cores that they may use.
   */
  get ratio(): number {
    const { workers } = this.#options.pool;
    if (workers.length === 0) return 1;
    const sum = workers.reduce((total, { load }) => total + load, 0);
    const used = sum * this.#coresOfAWorker + this.#own.cores;
    return Math.min(1, Math.max(sum / workers.length, this.#own.eventLoop, used / this.#options.cores));
  }

  /** Share of the time in which the event loop of this process is busy, 0–1. */
  get eventLoop(): number {
    return this.#own.eventLoop;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** A worker has one thread, and less than a core where the quota is below one. */
  get #coresOfAWorker(): number {
    return Math.min(1, this.#options.cores);
  }

  #sample(): void {
    this.#sampleOwn();
    const living = new Set(this.#options.pool.workers);
    for (const worker of [...this.#last.keys(), ...this.#unanswered.keys()]) {
      if (living.has(worker)) continue;
      this.#last.delete(worker);
      this.#unanswered.delete(worker);
    }
    for (const worker of living) void this.#sampleOne(worker);
  }

  #sampleOwn(): void {
    const now = this.#options.clock.now();
    const { eventLoop, cpuMs } = this.#options.own();
    const cores = cpuMs / Math.max(1, now - this.#sampledAt);
    this.#sampledAt = now;
    this.#own.eventLoop += smoothing * (eventLoop - this.#own.eventLoop);
    this.#own.cores += smoothing * (cores - this.#own.cores);
  }

  async #sampleOne(pooled: PooledWorker): Promise<void> {
    const unanswered = (this.#unanswered.get(pooled) ?? 0) + 1;
    this.#unanswered.set(pooled, unanswered);
    if (unanswered > unansweredAtMost) {
      this.#options.onHang(pooled);
      return;
    }
    try {
      const { ru_utime, ru_stime } = await pooled.worker.getResourceUsage();
      this.#unanswered.set(pooled, 0);
      this.#record(pooled, ru_utime + ru_stime);
    } catch {
      // It died between the question and the answer; the pool replaces it.
    }
  }

  #record(pooled: PooledWorker, cpuMs: number): void {
    const now = { at: this.#options.clock.now(), cpuMs };
    pooled.placed *= 1 - smoothing;
    const before = this.#last.get(pooled);
    this.#last.set(pooled, now);
    pooled.cpuSeconds = cpuMs / 1000;
    if (!before) return;
    const cores = (cpuMs - before.cpuMs) / Math.max(1, now.at - before.at);
    const share = Math.min(1, cores / this.#coresOfAWorker);
    pooled.load += smoothing * (share - pooled.load);
  }
}
