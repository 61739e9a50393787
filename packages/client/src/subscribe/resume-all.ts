import { SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';
import type { Subscription } from './subscription.ts';

/** A node that is too busy now is asked again after 0.25, 0.5, 1, 2 and 4 s. */
const firstRetryMs = 250;
const attempts = 6;

/**
 * Has the node send on new consumers: a subscription whose consumer stays paused would never show anything, and nobody
 * would know why. One that has ended meanwhile keeps none of the others back. Those that cannot be resumed end. Never
 * rejects.
 */
export async function resumeAll(signalling: Signalling, subscriptions: readonly Subscription[]): Promise<void> {
  const gone = new Set<unknown>();
  for (let attempt = 1; ; ) {
    const waiting = subscriptions.filter(({ closed, consumerId }) => !closed && !gone.has(consumerId));
    if (waiting.length === 0) return;
    try {
      await signalling.request('resumeConsumer', { consumerIds: waiting.map(({ consumerId }) => consumerId) });
      return;
    } catch (thrown) {
      const error = SluiceClientError.from(thrown, 'mediaFailed');
      if (error.code === 'consumerNotFound' && error.details?.['consumerId'] !== undefined) {
        // The server has closed it, and says so in a word of its own. The others are resumed without it.
        gone.add(error.details['consumerId']);
        continue;
      }
      if (!error.temporary || attempt === attempts) return endAll(waiting);
      await pause(firstRetryMs * 2 ** (attempt++ - 1));
    }
  }
}

function endAll(subscriptions: readonly Subscription[]): void {
  for (const subscription of subscriptions) subscription.ended('mediaFailed');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
