import type { SluiceClientError } from '../base/errors.ts';
import type { Subscription } from './subscription.ts';

/** A pipe between nodes that could not be made is tried again after 0.5, 1, 2, 4 and 4 s: a node's death takes 3 s. */
const firstRetryMs = 500;
const longestRetryMs = 4000;
const attempts = 6;

export interface AutoSubscribeOptions {
  subscribe: () => Promise<Subscription>;
  /** False when the producer has gone or the room was left: no further attempt. */
  stillWanted: () => boolean;
  onSubscribed: (subscription: Subscription) => void;
  /** The last word: a refusal that won't change, or too many that would. */
  onFailed: (error: SluiceClientError) => void;
}

/** Subscribes, and comes back to it as long as the refusals say that they will pass. Never rejects. */
export async function autoSubscribe(options: AutoSubscribeOptions): Promise<void> {
  for (let attempt = 1; options.stillWanted(); attempt++) {
    try {
      return options.onSubscribed(await options.subscribe());
    } catch (thrown) {
      // `subscribe` rejects with nothing else.
      const error = thrown as SluiceClientError;
      if (!options.stillWanted()) return;
      if (!error.temporary || attempt === attempts) return options.onFailed(error);
    }
    await pause(Math.min(longestRetryMs, firstRetryMs * 2 ** (attempt - 1)));
  }
}

/** Up to a fifth longer, so that a room's clients do not all come back in the same instant. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (1 + Math.random() / 5)));
}
