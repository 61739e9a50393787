import type { Clock, Timer } from '@sluice/shared';
import type { PooledWorker, WorkerPool } from './worker-pool.ts';

/** Between samples, in ms. Shorter follows bursts that placement should not; longer reacts to a rush too late. */
const sampleEveryMs = 1000;
/** How much of the last value a new sample replaces: a burst of one second moves it half-way. */
const smoothing = 0.5;

/**
 * A worker that owes this many answers in a row hangs, and is killed: it is replaced like one that died. Counted in
 * questions and not in seconds, so that a process that was frozen itself accuses nobody when it wakes.
 */
const unansweredAtMost = 3;

/** Measures what each worker uses of its core (the workers are the load, not this process), and that each answers. */
export class LoadMeter {
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #last = new Map<PooledWorker, { at: number; cpuMs: number }>();
  readonly #unanswered = new Map<PooledWorker, number>();
  readonly #onHang: (worker: PooledWorker) => void;
  #timer: Timer | undefined;

  constructor(options: { pool: WorkerPool; clock: Clock; onHang: (worker: PooledWorker) => void }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#onHang = options.onHang;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.#sample(), sampleEveryMs);
  }

  /** The mean over all workers, 0–1. */
  get ratio(): number {
    const { workers } = this.#pool;
    return workers.length === 0 ? 1 : workers.reduce((sum, { load }) => sum + load, 0) / workers.length;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #sample(): void {
    const living = new Set(this.#pool.workers);
    for (const worker of [...this.#last.keys(), ...this.#unanswered.keys()]) {
      if (living.has(worker)) continue;
      this.#last.delete(worker);
      this.#unanswered.delete(worker);
    }
    for (const worker of living) void this.#sampleOne(worker);
  }

  async #sampleOne(pooled: PooledWorker): Promise<void> {
    const unanswered = (this.#unanswered.get(pooled) ?? 0) + 1;
    this.#unanswered.set(pooled, unanswered);
    if (unanswered > unansweredAtMost) {
      this.#onHang(pooled);
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
    const now = { at: this.#clock.now(), cpuMs };
    pooled.placed *= 1 - smoothing;
    const before = this.#last.get(pooled);
    this.#last.set(pooled, now);
    pooled.cpuSeconds = cpuMs / 1000;
    if (!before) return;
    const share = Math.min(1, (cpuMs - before.cpuMs) / Math.max(1, now.at - before.at));
    pooled.load += smoothing * (share - pooled.load);
  }
}
