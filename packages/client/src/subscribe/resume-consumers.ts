import { SluiceClientError } from '../base/errors.ts';
import { retry } from '../base/retry.ts';
import { insist, type Signalling } from '../line/signalling.ts';
import type { Subscription } from './subscription.ts';

/** A node that is too busy now is asked again after 0.25, 0.5, 1, 2 and 4 s. */
const pace = { firstMs: 250, mostMs: 4000, attempts: 6 };

/**
 * Has the node send on new subscriptions: one whose consumer stays paused would never show anything. Those that cannot be
 * resumed end. Never rejects.
 */
export async function resumeAll(signalling: Signalling, subscriptions: readonly Subscription[]): Promise<void> {
  const open = (): Subscription[] => subscriptions.filter(({ closed }) => !closed);
  const { failed, gone } = await resumeConsumers(signalling, () => open().map(({ consumerId }) => consumerId));
  if (!failed) return;
  for (const subscription of open()) if (!gone.has(subscription.consumerId)) subscription.ended('mediaFailed');
}

/**
 * Has the node send on these consumers. One that is gone keeps none of the others back: the server says of it in an event
 * of its own. Never rejects; `failed` says why the rest could not be resumed.
 */
export async function resumeConsumers(signalling: Signalling, wanted: () => readonly string[]) {
  const gone = new Set<string>();
  const resumeOthers = async (): Promise<void> => {
    for (;;) {
      const consumerIds = wanted().filter((id) => !gone.has(id));
      if (consumerIds.length === 0) return;
      try {
        await insist(() => signalling.request('resumeConsumer', { consumerIds }));
        return;
      } catch (thrown) {
        const error = SluiceClientError.from(thrown, 'mediaFailed');
        const missing = error.code === 'consumerNotFound' ? error.details?.['consumerId'] : undefined;
        if (typeof missing !== 'string' || gone.has(missing)) throw error;
        gone.add(missing);
      }
    }
  };
  try {
    await retry(resumeOthers, pace);
    return { gone };
  } catch (thrown) {
    return { gone, failed: SluiceClientError.from(thrown, 'mediaFailed') };
  }
}
