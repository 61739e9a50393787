import { Connection } from '@sluice/client';
import type { ConsumerInfo } from '@sluice/shared/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Subscriber } from '../../../../packages/client/src/subscribe/subscriber.ts';
import { FakePlace } from '../support/fake-media.ts';
import { turns } from '../support/fake-room.ts';
import { fakeSockets } from '../support/fake-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const info = (id: string, producerId: string) =>
  ({
    id,
    producerId,
    peerId: 'ada',
    kind: 'video',
    type: 'simple',
    rtpParameters: { codecs: [] },
    producerPaused: false,
    path: 'node',
  }) as unknown as ConsumerInfo;

/** Subscribed to the producer "one". */
async function watching() {
  const { made, WebSocket } = fakeSockets();
  const signalling = await Connection.open('ws://gateway/ws', { WebSocket });
  const socket = made[0]!;
  const place = new FakePlace('here');
  const arrivals: { resolve: () => void; settleMs: number }[] = [];
  const subscriber = new Subscriber(
    signalling,
    place.place,
    (_, { settleMs }) => new Promise((resolve) => arrivals.push({ resolve, settleMs })),
  );
  const answer = async (action: string, reply: object = { type: 'ok', action }) => {
    await turns();
    socket.answer(action, reply);
    await turns();
  };
  const subscribing = subscriber.subscribe('one', 'camera');
  await answer('consume', { type: 'consumed', consumers: [info('c-1', 'one')], failed: [] });
  await answer('resumeConsumer');
  const subscription = await subscribing;
  const arrive = async () => {
    for (const { resolve } of arrivals.splice(0)) resolve();
    await turns();
  };
  const said = (action: string) => socket.sent.filter((frame) => frame['action'] === action);
  return { subscriber, subscription, place, arrivals, answer, arrive, said };
}

describe('a subscription whose producer is replaced', () => {
  test('changes its track when the new one has something to show, and then closes the old', async () => {
    const { subscriber, subscription, place, arrivals, answer, arrive, said } = await watching();
    const changes: unknown[] = [];
    subscription.on('trackChanged', ({ track, previous }) => changes.push([previous, track]));
    expect(await subscriber.follow('one', 'two')).toBe(true);
    void subscriber.consumerAdded(info('c-2', 'two'), 'c-1');
    await answer('resumeConsumer');
    expect(said('resumeConsumer').at(-1)).toMatchObject({ consumerIds: ['c-2'] });
    // The old one still shows a live picture: no haste.
    expect(arrivals[0]?.settleMs).toBe(500);
    expect([subscription.producerId, changes]).toEqual(['one', []]);
    await arrive();
    expect([subscription.producerId, subscription.consumerId]).toEqual(['two', 'c-2']);
    expect(changes).toEqual([[{ of: 'c-1' }, { of: 'c-2' }]]);
    expect(place.recv.consumers.get('c-1')?.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(place.recv.consumers.get('c-1')?.closed).toBe(true);
    expect(said('closeConsumer')).toMatchObject([{ consumerIds: ['c-1'] }]);
    expect([...subscriber.subscriptions.keys()]).toEqual(['c-2']);
  });

  test('changes to another consumer of the same producer at once, when its own went with its pipe', async () => {
    const { subscriber, subscription, arrivals, answer, arrive, said } = await watching();
    void subscriber.consumerAdded(info('c-2', 'one'), 'c-1');
    await answer('resumeConsumer');
    // Nothing comes of the old one any more.
    expect(arrivals[0]?.settleMs).toBe(0);
    await arrive();
    expect([subscription.producerId, subscription.consumerId]).toEqual(['one', 'c-2']);
    expect(said('closeConsumer')).toEqual([]);
    // Again, in the place of one that has another already: it is not wanted.
    void subscriber.consumerAdded(info('c-3', 'one'), 'c-1');
    await turns();
    expect(said('closeConsumer')).toMatchObject([{ consumerIds: ['c-3'] }]);
  });

  test('changes to the third where nothing came by the second either', async () => {
    const { subscriber, subscription, arrivals, answer, said } = await watching();
    void subscriber.consumerAdded(info('c-2', 'one'), 'c-1');
    await answer('resumeConsumer');
    void subscriber.consumerAdded(info('c-3', 'one'), 'c-2');
    await answer('resumeConsumer');
    expect(said('closeConsumer')).toEqual([]);
    arrivals[1]?.resolve();
    await turns();
    expect(subscription.consumerId).toBe('c-3');
    arrivals[0]?.resolve();
    await turns();
    expect(subscription.consumerId).toBe('c-3');
  });

  test('says which track is coming, before it has anything to show', async () => {
    const { subscriber, subscription, answer } = await watching();
    const coming: unknown[] = [];
    subscription.on('trackComing', ({ track, previous }) => coming.push([previous, track]));
    await subscriber.follow('one', 'two');
    void subscriber.consumerAdded(info('c-2', 'two'), 'c-1');
    await answer('resumeConsumer');
    expect(coming).toEqual([[{ of: 'c-1' }, { of: 'c-2' }]]);
    expect(subscription.track).toEqual({ of: 'c-1' });
  });

  test('is what subscribing to the successor gives', async () => {
    const { subscriber, subscription } = await watching();
    await subscriber.follow('one', 'two');
    expect(await subscriber.subscribe('two', 'camera')).toBe(subscription);
  });

  test('whose producer was lost keeps its last frame, and is not told late of a good picture', async () => {
    const { subscriber, subscription, arrivals, answer, arrive } = await watching();
    subscriber.producerClosed('one', { lost: true });
    expect([subscription.closed, subscription.awaitsSuccessor]).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(4000);
    await subscriber.follow('one', 'two');
    void subscriber.consumerAdded(info('c-2', 'two'), 'c-1');
    await answer('resumeConsumer');
    expect(arrivals[0]?.settleMs).toBe(0);
    await arrive();
    expect(subscription.awaitsSuccessor).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(subscription.closed).toBe(false);
  });

  test('ends when no successor comes within ten seconds', async () => {
    const { subscriber, subscription } = await watching();
    subscriber.producerClosed('one', { lost: true });
    await vi.advanceTimersByTimeAsync(9999);
    expect(subscription.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(subscription.closed).toBe(true);
  });

  test('does not end with the old producer while the new one is on its way', async () => {
    const { subscriber, subscription, answer, arrive } = await watching();
    await subscriber.follow('one', 'two');
    void subscriber.consumerAdded(info('c-2', 'two'), 'c-1');
    subscriber.producerClosed('one');
    subscriber.consumerClosed('c-1', 'producerClosed');
    await answer('resumeConsumer');
    await arrive();
    expect([subscription.closed, subscription.producerId]).toEqual([false, 'two']);
  });

  test('fetches the successor itself when the node has not sent it in time', async () => {
    const { subscriber, subscription, answer, arrive, said } = await watching();
    await subscriber.follow('one', 'two');
    await vi.advanceTimersByTimeAsync(2000);
    expect(said('consume').at(-1)).toMatchObject({ producerIds: ['two'] });
    await answer('consume', { type: 'consumed', consumers: [info('c-2', 'two')], failed: [] });
    await answer('resumeConsumer');
    await arrive();
    expect(subscription.producerId).toBe('two');
    // And the node's own comes too late.
    void subscriber.consumerAdded(info('c-3', 'two'), 'c-1');
    await turns();
    expect(said('closeConsumer').at(-1)).toMatchObject({ consumerIds: ['c-3'] });
  });

  test('that was given up meanwhile gives the new consumer back', async () => {
    const { subscriber, subscription, said } = await watching();
    void subscription.close().catch(() => undefined);
    void subscriber.consumerAdded(info('c-2', 'two'), 'c-1');
    await turns();
    expect(said('closeConsumer').at(-1)).toMatchObject({ consumerIds: ['c-2'] });
  });
});

test('a producer that nobody subscribed to has no followers', async () => {
  const { subscriber } = await watching();
  expect(await subscriber.follow('unknown', 'two')).toBe(false);
});

test('what a new place brings no consumer of is fetched there, and outlives the old place until it comes', async () => {
  const { subscriber, subscription, place, answer, arrive } = await watching();
  void subscriber.move(new FakePlace('there').place, [], { lost: true });
  await turns();
  place.close();
  expect(subscription.closed).toBe(false);
  await answer('consume', { type: 'consumed', consumers: [info('c-2', 'one')], failed: [] });
  await answer('resumeConsumer');
  await arrive();
  expect([subscription.closed, subscription.consumerId]).toEqual([false, 'c-2']);
});

describe('a new place whose consumers follow', () => {
  test('is waited for, and changed to one by one', async () => {
    const { subscriber, subscription, place, answer, arrive, said } = await watching();
    const moved = subscriber.move(new FakePlace('there').place, undefined, { lost: true });
    await turns();
    place.close();
    await vi.advanceTimersByTimeAsync(1999);
    void subscriber.consumerAdded(info('c-2', 'one'), 'c-1');
    await answer('resumeConsumer');
    await arrive();
    await moved;
    expect([subscription.closed, subscription.consumerId]).toEqual([false, 'c-2']);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([subscription.closed, said('consume').length]).toEqual([false, 1]);
  });

  test('that does not bring one is asked for it', async () => {
    const { subscriber, subscription, answer, arrive } = await watching();
    const moved = subscriber.move(new FakePlace('there').place, undefined, { lost: true });
    await vi.advanceTimersByTimeAsync(2000);
    await moved;
    await answer('consume', { type: 'consumed', consumers: [info('c-2', 'one')], failed: [] });
    await answer('resumeConsumer');
    await arrive();
    expect(subscription.consumerId).toBe('c-2');
  });
});
