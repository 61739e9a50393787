import { SluiceClientError } from '../base/errors.ts';
import { backOff } from '../base/retry.ts';

export interface RefetchOptions<T> {
  /** Gets all of a batch with one action. Resolves with those that could not be had, and why; may reject for all. */
  fetch: (batch: readonly T[]) => Promise<ReadonlyMap<T, SluiceClientError>>;
  /** False when one came otherwise, or none is needed: it is not asked for (again). */
  stillWanted: (one: T) => boolean;
  /** A refusal that asking again won't change, or too many that would. */
  onFailed: (one: T, error: SluiceClientError) => void;
}

/** A minute altogether: a node's death takes 3 s, a full Redis or an overload may take longer. */
const attempts = 16;
const pace = { firstMs: 500, mostMs: 4000 };

/** Gets again what is missing: all that is wanted in one moment with one action, and each of them until it is there. */
export class Refetch<T> {
  readonly #options: RefetchOptions<T>;
  /** How often each was refused. */
  readonly #refusals = new Map<T, number>();
  readonly #next = new Set<T>();

  constructor(options: RefetchOptions<T>) {
    this.#options = options;
  }

  /** Asks for it anew, whatever it was refused before. */
  want(one: T): void {
    this.#refusals.delete(one);
    this.#queue(one);
  }

  #queue(one: T): void {
    if (this.#next.size === 0) queueMicrotask(() => void this.#flush());
    this.#next.add(one);
  }

  async #flush(): Promise<void> {
    const batch = [...this.#next].filter((one) => this.#options.stillWanted(one));
    this.#next.clear();
    if (batch.length === 0) return;
    const refused = await this.#fetch(batch);
    // One for all, so that they are asked for together again.
    const random = Math.random();
    for (const one of batch) {
      const error = refused.get(one);
      if (error && this.#options.stillWanted(one)) this.#refused(one, error, random);
      else this.#refusals.delete(one);
    }
  }

  async #fetch(batch: readonly T[]): Promise<ReadonlyMap<T, SluiceClientError>> {
    try {
      return await this.#options.fetch(batch);
    } catch (thrown) {
      const error = SluiceClientError.from(thrown, 'mediaFailed');
      return new Map(batch.map((one) => [one, error]));
    }
  }

  #refused(one: T, error: SluiceClientError, random: number): void {
    const refusals = (this.#refusals.get(one) ?? 0) + 1;
    if (!error.temporary || refusals >= attempts) {
      this.#refusals.delete(one);
      return this.#options.onFailed(one, error);
    }
    this.#refusals.set(one, refusals);
    setTimeout(() => this.#queue(one), Math.max(error.retryAfterMs, backOff(refusals, pace, random)));
  }
}
