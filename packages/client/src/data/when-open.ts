import type { types } from 'mediasoup-client';
import { SluiceClientError } from '../base/errors.ts';

/** Resolves when the channel is open; rejects with `mediaFailed` when it closes instead. */
export function whenOpen(channel: types.DataProducer | types.DataConsumer): Promise<void> {
  if (channel.readyState === 'open') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new SluiceClientError('mediaFailed', 'The data channel closed unopened.'));
    if (channel.closed) return failed();
    // Both emit it; as a union their `on` has no signature in common.
    (channel as types.DataProducer).on('open', resolve);
    channel.observer.on('close', failed);
  });
}
