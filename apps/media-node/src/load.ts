import type { Clock, Timer } from '@sluice/shared';
import type { PooledWorker, WorkerPool } from './media/worker-pool.ts';

/** Between samples, in ms. Shorter follows bursts that placement should not; longer reacts to a rush too late. */
const sampleEveryMs = 1000;
/** How much of the last value a new sample replaces: a burst of one second moves it half-way. */
const smoothing = 0.5;

/** Measures what each worker uses of its core: the workers are the load, not this process. */
export class LoadMeter {
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #last = new Map<PooledWorker, { at: number; cpuMs: number }>();
  #timer: Timer | undefined;

  constructor(options: { pool: WorkerPool; clock: Clock }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => void this.#sample(), sampleEveryMs);
  }

  /** The mean over all workers, 0–1. */
  get ratio(): number {
    const { workers } = this.#pool;
    return workers.length === 0 ? 1 : workers.reduce((sum, { load }) => sum + load, 0) / workers.length;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #sample(): Promise<void> {
    await Promise.all(this.#pool.workers.map((worker) => this.#sampleOne(worker)));
    const living = new Set(this.#pool.workers);
    for (const worker of this.#last.keys()) if (!living.has(worker)) this.#last.delete(worker);
  }

  async #sampleOne(pooled: PooledWorker): Promise<void> {
    try {
      const { ru_utime, ru_stime } = await pooled.worker.getResourceUsage();
      const now = { at: this.#clock.now(), cpuMs: ru_utime + ru_stime };
      const before = this.#last.get(pooled);
      this.#last.set(pooled, now);
      pooled.cpuSeconds = now.cpuMs / 1000;
      if (!before) return;
      const share = Math.min(1, (now.cpuMs - before.cpuMs) / Math.max(1, now.at - before.at));
      pooled.load += smoothing * (share - pooled.load);
    } catch {
      // It died between the question and the answer; the pool replaces it.
    }
  }
}
