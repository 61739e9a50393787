import { SluiceError } from './errors.ts';

/** What one that is refused is told: by then some of the jobs that wait are done, in ms. */
const retryAfterMs = 1000;

/**
 * Runs one job at a time, in the order they came. Everything with an identity (a session, a peer, a link) has one, so
 * that the awaits inside a job never interleave with another's.
 */
export class Mailbox {
  readonly #limit: number;
  #tail: Promise<unknown> = Promise.resolve();
  #depth = 0;

  /** @param limit how many jobs may wait; the next one is refused with `tooManyRequests`. */
  constructor(limit = 64) {
    this.#limit = limit;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Settles as the job does. Refused, with nothing run, when the mailbox is full. */
  run<T>(job: () => Promise<T> | T): Promise<T> {
    if (this.#depth >= this.#limit) {
      const details = { limit: 'queue', retryAfterMs };
      return Promise.reject(new SluiceError('tooManyRequests', 'Too many requests are waiting.', { details }));
    }
    return this.#append(job);
  }

  /** As `run`, but never refused: for the jobs that end things. */
  runAlways<T>(job: () => Promise<T> | T): Promise<T> {
    return this.#append(job);
  }

  #append<T>(job: () => Promise<T> | T): Promise<T> {
    this.#depth++;
    const result = this.#tail.then(job).finally(() => {
      this.#depth--;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
