import { Connection, SluiceClientError } from '@sluice/client';
import type { MoveEvent } from '@sluice/shared/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DataChannels } from '../../../../packages/client/src/data/data-channels.ts';
import { Mover } from '../../../../packages/client/src/moving/mover.ts';
import { Publisher } from '../../../../packages/client/src/publish/publisher.ts';
import { Subscriber } from '../../../../packages/client/src/subscribe/subscriber.ts';
import { Emitter } from '../../../../packages/client/src/base/emitter.ts';
import type { MediaOutageEvents } from '../../../../packages/client/src/moving/renewal.ts';
import { FakePlace } from '../support/fake-media.ts';
import { turns } from '../support/fake-room.ts';
import { fakeSockets } from '../support/fake-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const track = (kind: string) =>
  ({ kind, enabled: true, getSettings: () => ({ width: 640, height: 360 }) }) as unknown as MediaStreamTrack;

const consumer = (id: string, rest: object = {}) => ({
  id,
  producerId: 'theirs',
  peerId: 'ada',
  kind: 'video',
  type: 'simple',
  rtpParameters: { codecs: [] },
  producerPaused: false,
  path: 'node',
  ...rest,
});

let lastMove = 0;
const move = (rest: object = {}) => {
  const producerTransport = { id: `send-${++lastMove}` };
  const event = { type: 'move', node: 'node-2', reason: 'drain', deadlineMs: 10_000, consumers: [], producerTransport };
  return { ...event, ...rest } as unknown as MoveEvent;
};
const nodeLost = (rest: object = {}) => move({ reason: 'nodeLost', deadlineMs: 0, ...rest });

/** A camera, a microphone and somebody's picture, at the place "old". New places are called in the order given. */
async function settled(next: FakePlace[]) {
  const { made, WebSocket } = fakeSockets();
  const signalling = await Connection.open('ws://gateway/ws', { WebSocket });
  const socket = made[0]!;
  const old = new FakePlace('old');
  const errors: SluiceClientError[] = [];
  const arrivals: (() => void)[] = [];
  const publisher = new Publisher(signalling, old.place);
  const subscriber = new Subscriber(signalling, old.place, () => new Promise((resolve) => arrivals.push(resolve)));
  const places = [...next];
  const mover = new Mover({
    signalling,
    place: old.place,
    iceServers: [],
    publisher,
    subscriber,
    data: new DataChannels(signalling, old.place),
    emitter: new Emitter<MediaOutageEvents>(),
    onError: (error) => errors.push(error),
    createPlace: () => places.shift()!.place,
  });
  const camera = await publisher.publish(track('video'), { source: 'camera' });
  const microphone = await publisher.publish(track('audio'), { source: 'microphone' });
  const subscribing = subscriber.subscribe('theirs', 'camera');
  await turns();
  socket.answer('consume', { type: 'consumed', consumers: [consumer('c-old')], failed: [] });
  await turns();
  socket.answer('resumeConsumer', { type: 'ok', action: 'resumeConsumer' });
  const subscription = await subscribing;
  const says = async (action: 'resumeConsumer' | 'moved') => {
    await turns();
    socket.answer(action, { type: 'ok', action });
    await turns();
  };
  const arrive = async () => {
    for (const resolve of arrivals.splice(0)) resolve();
    await turns();
  };
  return { mover, old, camera, microphone, subscription, socket, errors, says, arrive };
}

describe('a mover', () => {
  test('after a loss builds, produces and resumes at once, says moved, and only then lets the old place go', async () => {
    const fresh = new FakePlace('new');
    const { mover, old, camera, microphone, subscription, socket, says, arrive, errors } = await settled([fresh]);
    old.outgoing = 1_800_000;
    const changes: unknown[] = [];
    subscription.on('trackChanged', (change) => changes.push(change));
    const moving = mover.move(nodeLost({ consumers: [consumer('c-new', { replaces: 'c-old' })] }));
    await turns();
    expect(fresh.produced.map(({ track: { kind }, appData }) => [kind, appData['replaces']])).toEqual([
      ['video', 'old-video'],
      ['audio', 'old-audio'],
    ]);
    expect(fresh.produced[0]).toMatchObject({ stopTracks: false, codecOptions: { videoGoogleStartBitrate: 1800 } });
    expect(camera.producerId).toBe('new-video');
    expect(microphone.producerId).toBe('new-audio');
    await says('resumeConsumer');
    expect(subscription.consumerId).toBe('c-old');
    await arrive();
    expect(subscription.consumerId).toBe('c-new');
    expect(changes).toEqual([{ track: { of: 'c-new' }, previous: { of: 'c-old' } }]);
    expect(old.closed).toBe(false);
    await says('moved');
    await moving;
    expect(old.closed).toBe(true);
    expect(mover.place).toBe(fresh.place);
    expect([camera.closed, microphone.closed, subscription.closed]).toEqual([false, false, false]);
    expect(socket.actions().filter((action) => action === 'moved')).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test('sends nothing of a camera before the node knows it', async () => {
    const fresh = new FakePlace('new');
    const { mover, camera } = await settled([fresh]);
    const moving = mover.move(nodeLost({ consumers: undefined }));
    await turns();
    expect(fresh.producers.map(({ sent }) => sent)).toEqual([[null, camera.track], []]);
    mover.close();
    await vi.advanceTimersByTimeAsync(30_000);
    await moving;
  });

  test('in a drain sends by both places for a while', async () => {
    const fresh = new FakePlace('new');
    const { mover, old, socket, says } = await settled([fresh]);
    const moving = mover.move(move());
    await turns();
    await vi.advanceTimersByTimeAsync(2000);
    expect(socket.actions()).not.toContain('moved');
    expect(old.producers.every(({ closed }) => !closed)).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    await says('moved');
    await moving;
    expect(old.closed).toBe(true);
  });

  test('what is paused stays paused, also when that changes meanwhile', async () => {
    const fresh = new FakePlace('new');
    const { mover, microphone, camera, socket, says } = await settled([fresh]);
    void microphone.pause().catch(() => undefined);
    const moving = mover.move(nodeLost());
    void camera.pause().catch(() => undefined);
    await turns();
    expect(fresh.produced.map(({ appData }) => appData['paused'])).toEqual([true, true]);
    void camera.resume().catch(() => undefined);
    expect(socket.sent.at(-1)).toMatchObject({ action: 'resumeProducer', producerId: 'new-video' });
    await says('moved');
    await moving;
  });

  test('the same move again changes nothing on the way; once it stands, it says so again', async () => {
    const { mover, old, socket, says } = await settled([new FakePlace('new')]);
    const event = nodeLost();
    const moving = mover.move(event);
    await mover.move(event);
    await says('moved');
    await moving;
    expect(old.closed).toBe(true);
    expect(socket.actions().filter((action) => action === 'moved')).toHaveLength(1);
    const again = mover.move(event);
    await says('moved');
    await again;
    expect(socket.actions().filter((action) => action === 'moved')).toHaveLength(2);
  });

  test('a place that fails is closed and told of; the old one goes on', async () => {
    const fresh = new FakePlace('new');
    fresh.refusal = new SluiceClientError('nodeUnavailable', 'Away.', { temporary: true });
    const { mover, old, camera, subscription, errors, socket } = await settled([fresh]);
    await mover.move(move());
    expect(errors).toMatchObject([{ code: 'nodeUnavailable' }]);
    expect([fresh.closed, old.closed]).toEqual([true, false]);
    expect(mover.place).toBe(old.place);
    expect([camera.closed, subscription.closed]).toEqual([false, false]);
    expect(camera.producerId).toBe('old-video');
    expect(socket.actions()).not.toContain('moved');
  });

  test('[CK20] after a loss there is no going back: what could not be made at the new place is made anew there', async () => {
    const fresh = new FakePlace('new');
    fresh.refusal = new SluiceClientError('coordinatorUnavailable', 'Redis is away.', { temporary: true });
    const { mover, old, camera, microphone, subscription, errors, says, arrive } = await settled([fresh]);
    const moving = mover.move(nodeLost({ consumers: [consumer('c-new', { replaces: 'c-old' })] }));
    await turns();
    fresh.refusal = undefined;
    expect([fresh.closed, old.closed]).toEqual([false, true]);
    expect(mover.place).toBe(fresh.place);
    await says('resumeConsumer');
    await arrive();
    await says('moved');
    await moving;
    await vi.advanceTimersByTimeAsync(2000);
    expect([camera.producerId, microphone.producerId]).toEqual(['new-video', 'new-audio']);
    expect([camera.closed, microphone.closed, subscription.closed]).toEqual([false, false, false]);
    expect(subscription.consumerId).toBe('c-new');
    expect(errors).toMatchObject([{ code: 'coordinatorUnavailable' }]);
  });

  test('a second move overtakes the first: what the first has made is replaced, and only the last place stays', async () => {
    const [second, third] = [new FakePlace('second'), new FakePlace('third')];
    const { mover, old, camera, subscription, socket, says, arrive } = await settled([second, third]);
    const first = mover.move(move({ consumers: [consumer('c-2', { replaces: 'c-old' })] }));
    await says('resumeConsumer');
    await vi.advanceTimersByTimeAsync(1500);
    const last = mover.move(nodeLost({ consumers: [consumer('c-3', { replaces: 'c-2' })] }));
    await says('resumeConsumer');
    expect(third.produced.map(({ appData }) => appData['replaces'])).toEqual(['second-video', 'second-audio']);
    await arrive();
    await says('moved');
    await vi.advanceTimersByTimeAsync(5000);
    await Promise.all([first, last]);
    expect(subscription.consumerId).toBe('c-3');
    expect(camera.producerId).toBe('third-video');
    expect([old.closed, second.closed, third.closed]).toEqual([true, true, false]);
    expect([camera.closed, subscription.closed]).toEqual([false, false]);
    expect(socket.actions().filter((action) => action === 'moved')).toHaveLength(1);
  });

  test('what no consumer came for is consumed anew, where it now comes from', async () => {
    const fresh = new FakePlace('new');
    const { mover, subscription, socket, says, arrive } = await settled([fresh]);
    const moving = mover.move(nodeLost());
    await turns();
    expect(socket.actions()).toContain('moved');
    socket.answer('consume', { type: 'consumed', consumers: [consumer('c-new')], failed: [] });
    await says('resumeConsumer');
    await arrive();
    await says('moved');
    await moving;
    expect(subscription.consumerId).toBe('c-new');
    expect(subscription.closed).toBe(false);
  });
});
