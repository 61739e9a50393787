import { setTimeout as wait } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 5000 ms. */
  withinMs?: number;
  /** Default 10 ms. */
  everyMs?: number;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Asks until the answer is neither falsy nor an error, and returns it.
 *
 * @param what completes "Waited 5000 ms for …".
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  { withinMs = 5000, everyMs = 10 }: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer) return answer as Truthy<T>;
      last = answer;
    } catch (error) {
      last = error;
    }
    await wait(everyMs);
  } while (performance.now() < deadline);
  const cause = last instanceof Error ? { cause: last } : {};
  throw new Error(`Waited ${withinMs} ms for ${what}. The last answer was ${String(last)}.`, cause);
}

/** Fails where the promise takes longer: a test that would hang says what it hung on. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const limit = wait(limitMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`Waited ${limitMs} ms for ${what}.`);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    stop.abort();
    limit.catch(() => undefined);
  }
}
