import { eventually } from '@sluice/shared/testing';
import { describe, expect, test } from 'vitest';
import { Subscriber } from '../../../../packages/client/src/subscribe/subscriber.ts';
import { fakePlace } from '../support/fake-media.ts';

const consumer = (producerId: string) => ({
  id: `c-${producerId}`,
  producerId,
  peerId: 'ada',
  kind: 'video',
  type: 'simple',
  rtpParameters: { codecs: [] },
  producerPaused: false,
  path: 'node',
});

async function start() {
  const { connection, socket, transport, place } = await fakePlace();
  const subscriber = new Subscriber(connection, place);
  const sent = (action: string) => eventually(action, () => socket.actions().includes(action));
  const consumed = (ids: string[], failed: object[] = []) =>
    socket.answer('consume', { type: 'consumed', consumers: ids.map(consumer), failed });
  return { subscriber, socket, transport, sent, consumed };
}

describe('a subscriber', () => {
  test('asks for all that is wanted in one tick at once, and resumes it at once', async () => {
    const { subscriber, socket, transport, sent, consumed } = await start();
    const all = Promise.all(['a', 'b', 'c'].map((id) => subscriber.subscribe(id, undefined)));
    await sent('consume');
    expect(socket.sent[0]).toMatchObject({ producerIds: ['a', 'b', 'c'], transportId: 'recv-1', rtpCapabilities: {} });
    consumed(['a', 'b', 'c']);
    transport.build();
    expect((await all).map(({ consumerId }) => consumerId)).toEqual(['c-a', 'c-b', 'c-c']);
    await sent('resumeConsumer');
    expect(socket.actions()).toEqual(['consume', 'resumeConsumer']);
    expect(socket.sent[1]).toMatchObject({ consumerIds: ['c-a', 'c-b', 'c-c'] });
  });

  test('says what the browser can receive only until the server knows', async () => {
    const { subscriber, socket, transport, sent, consumed } = await start();
    transport.build();
    const first = subscriber.subscribe('a', undefined);
    await sent('consume');
    consumed(['a']);
    await first;
    void subscriber.subscribe('b', undefined).catch(() => undefined);
    await eventually('the second', () => socket.actions().filter((action) => action === 'consume').length === 2);
    expect(socket.sent.at(-1)).not.toHaveProperty('rtpCapabilities');
  });

  test('subscribes once to a producer, and again when that is over', async () => {
    const { subscriber, transport, sent, consumed } = await start();
    transport.build();
    const first = subscriber.subscribe('a', undefined);
    expect(subscriber.subscribe('a', undefined)).toBe(first);
    await sent('consume');
    consumed(['a']);
    await first;
    subscriber.producerClosed('a');
    expect(subscriber.subscriptions.size).toBe(0);
    const again = subscriber.subscribe('a', undefined);
    expect(again).not.toBe(first);
    void again.catch(() => undefined);
  });

  test('rejects only what the server refused, with its code and whether it will pass', async () => {
    const { subscriber, transport, sent, consumed } = await start();
    transport.build();
    const [good, gone, busy] = ['a', 'b', 'c'].map((id) => subscriber.subscribe(id, undefined));
    const refusals = Promise.allSettled([gone, busy]);
    await sent('consume');
    consumed(
      ['a'],
      [
        { producerId: 'b', code: 'producerNotFound' },
        { producerId: 'c', code: 'nodeUnavailable' },
      ],
    );
    expect((await good)?.producerId).toBe('a');
    expect(await refusals).toMatchObject([
      { reason: { code: 'producerNotFound', temporary: false } },
      { reason: { code: 'nodeUnavailable', temporary: true } },
    ]);
  });

  test('resumes the others where one has ended on the server meanwhile', async () => {
    const { subscriber, socket, transport, sent, consumed } = await start();
    transport.build();
    const all = Promise.all(['a', 'b'].map((id) => subscriber.subscribe(id, undefined)));
    await sent('consume');
    consumed(['a', 'b']);
    const [first] = await all;
    await sent('resumeConsumer');
    const details = { consumerId: 'c-a' };
    const refusal = {
      type: 'error',
      action: 'resumeConsumer',
      code: 'consumerNotFound',
      message: '',
      temporary: false,
    };
    socket.answer('resumeConsumer', { ...refusal, details });
    await eventually('the others', () => socket.sent.length === 3);
    expect(socket.sent.at(-1)).toMatchObject({ action: 'resumeConsumer', consumerIds: ['c-b'] });
    expect(first?.closed).toBe(false);
  });

  test('asks again to resume what a busy node did not, since nobody else would', async () => {
    const { subscriber, socket, transport, sent, consumed } = await start();
    transport.build();
    const subscribing = subscriber.subscribe('a', undefined);
    await sent('consume');
    consumed(['a']);
    await subscribing;
    await sent('resumeConsumer');
    const refusal = { type: 'error', action: 'resumeConsumer', code: 'deadlineExceeded', message: '', temporary: true };
    socket.answer('resumeConsumer', refusal);
    await eventually('the second try', () => socket.sent.length === 3);
    expect(socket.sent.at(-1)).toMatchObject({ action: 'resumeConsumer', consumerIds: ['c-a'] });
  });

  test('ends a track that the server refuses to resume', async () => {
    const { subscriber, socket, transport, sent, consumed } = await start();
    transport.build();
    const subscribing = subscriber.subscribe('a', undefined);
    await sent('consume');
    consumed(['a']);
    const subscription = await subscribing;
    await sent('resumeConsumer');
    const refusal = { type: 'error', action: 'resumeConsumer', code: 'internal', message: '', temporary: false };
    socket.answer('resumeConsumer', refusal);
    await eventually('the end', () => subscription.closed);
  });

  test('a consumer that ends while the browser builds it ends as soon as it is there', async () => {
    const { subscriber, transport, sent, consumed } = await start();
    const subscribing = subscriber.subscribe('a', undefined);
    await sent('consume');
    consumed(['a']);
    await eventually('the building', () => transport.asked.length === 1);
    subscriber.consumerClosed('c-a', 'producerClosed');
    subscriber.producerClosed('a');
    transport.build();
    expect((await subscribing).closed).toBe(true);
    expect(transport.consumers.get('c-a')?.closed).toBe(true);
    expect(subscriber.subscriptions.size).toBe(0);
  });

  test('a transport that closes under the building is no endless wait', async () => {
    const { subscriber, transport, sent, consumed } = await start();
    const subscribing = subscriber.subscribe('a', undefined);
    await sent('consume');
    consumed(['a']);
    await eventually('the building', () => transport.asked.length === 1);
    transport.observer.emit('close');
    await expect(subscribing).rejects.toMatchObject({ code: 'mediaFailed', temporary: true });
  });

  test("plays a camera in step with its microphone, and a screen with its sound, in SDP's alphabet", async () => {
    const { subscriber, transport, sent, consumed } = await start();
    const sources = { a: 'camera', b: 'microphone', c: 'screen', d: 'screenAudio' };
    for (const [id, source] of Object.entries(sources)) void subscriber.subscribe(id, source).catch(() => undefined);
    await sent('consume');
    consumed(['a', 'b', 'c', 'd']);
    await eventually('the building', () => transport.asked.length === 4);
    expect(transport.asked.map(({ streamId }) => streamId)).toEqual(['ada', 'ada', 'ada-screen', 'ada-screen']);
  });
});
