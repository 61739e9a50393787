import { SluiceClientError, type Subscription } from '@sluice/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AutoSubscriber } from '../../../../packages/client/src/subscribe/auto-subscriber.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const passing = new SluiceClientError('nodeUnavailable', 'Away.', { temporary: true });
const final = new SluiceClientError('cannotConsume', 'No codec.', { temporary: false });
const subscription = { on: () => undefined } as unknown as Subscription;

/** Answers each attempt with the next outcome; the last one repeats. */
function attempts(...outcomes: (Subscription | SluiceClientError)[]) {
  const options = {
    subscribe: vi.fn<() => Promise<Subscription>>(async () => {
      const outcome = outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!;
      if (outcome instanceof SluiceClientError) throw outcome;
      return outcome;
    }),
    stillWanted: vi.fn<() => boolean>(() => true),
    onSubscribed: vi.fn<(subscription: Subscription) => void>(),
    onFailed: vi.fn<(producerId: string, error: SluiceClientError) => void>(),
  };
  const automatic = new AutoSubscriber(options);
  automatic.offer('cam');
  return { options, automatic };
}

test('comes back after refusals that pass', async () => {
  const { options } = attempts(passing, passing, subscription);
  await vi.runAllTimersAsync();
  expect(options.onSubscribed).toHaveBeenCalledExactlyOnceWith(subscription);
  expect(options.subscribe).toHaveBeenCalledTimes(3);
});

test('takes a refusal that will not pass for an answer', async () => {
  const { options } = attempts(final);
  await vi.runAllTimersAsync();
  expect(options.subscribe).toHaveBeenCalledTimes(1);
  expect(options.onFailed).toHaveBeenCalledExactlyOnceWith('cam', final);
});

test('gives up in the end, and says so', async () => {
  const { options } = attempts(passing);
  await vi.runAllTimersAsync();
  expect(options.subscribe).toHaveBeenCalledTimes(16);
  expect(options.onFailed).toHaveBeenCalledExactlyOnceWith('cam', passing);
});

test('goes quietly when the producer has gone meanwhile', async () => {
  const { options } = attempts(passing);
  options.stillWanted.mockReturnValue(false);
  await vi.runAllTimersAsync();
  expect(options.onFailed).not.toHaveBeenCalled();
});
