import { SluiceClientError } from './errors.ts';

export interface RetryOptions {
  /** The wait after the first failure, in ms. It doubles from one failure to the next, up to `mostMs`. */
  firstMs: number;
  mostMs: number;
  /** How often it is tried at most. */
  attempts: number;
  /** False when the result is of no use any more: no further attempt. */
  stillWanted?: () => boolean;
}

/** Up to half longer, so that the clients of one fault do not all come back in the same instant. */
const jitter = 0.5;

/** The wait before the attempt after the `failures`th failure (1 for the first), in ms. */
export function backOff(
  failures: number,
  { firstMs, mostMs }: { firstMs: number; mostMs: number },
  random: number = Math.random(),
): number {
  return Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (1 + random * jitter);
}

/** Tries again while the errors say that the same call may work later. Rejects with the last error. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const error = SluiceClientError.from(thrown, 'mediaFailed');
      if (!error.temporary || attempt >= options.attempts || options.stillWanted?.() === false) throw error;
      await sleep(Math.max(backOff(attempt, options), error.retryAfterMs));
      if (options.stillWanted?.() === false) throw error;
    }
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
