import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { camera, mediaRoom } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const types = [
  ...['peerJoined', 'peerLeft', 'peerUpdated', 'producerAdded', 'producerClosed', 'producerPaused', 'message'],
  ...['dataProducerAdded', 'dataProducerClosed', 'consumerClosed', 'dataConsumerClosed', 'consumerAdded', 'snapshot'],
  ...['layersChanged', 'scoreChanged', 'activeSpeakers', 'producerDemand', 'move', 'transportClosed', 'goingAway'],
  ...['error', 'ok', 'consumed', 'joined', 'resumed', 'newer', '__proto__', 'constructor', 'toString', ''],
];
const fields = ['peerId', 'producerId', 'consumerId', 'consumer', 'replaces', 'reason', 'speakers', 'payload', 'peers'];
const values = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 1e99, '', 'ada', 'cam', 'me', [], [null], {}, { id: 1 }, '__proto__'),
  fc.jsonValue(),
);
const frames = fc
  .record({
    type: fc.constantFrom(...types),
    numbered: fc.boolean(),
    rest: fc.dictionary(fc.constantFrom(...fields, 'transportId', 'maxSpatialLayer', 'id', 'code', 'node'), values),
  })
  // What ends a room on purpose is no garbage.
  .filter(({ type, rest }) => !(type === 'peerLeft' && rest['peerId'] === 'me'));

test('[CK9] whatever a server sends, nothing is thrown, and the room goes on', async () => {
  const thrown: unknown[] = [];
  const onThrown = (error: unknown) => thrown.push(error);
  process.on('unhandledRejection', onThrown);
  process.on('uncaughtException', onThrown);
  await fc.assert(
    fc.asyncProperty(fc.array(frames, { minLength: 1, maxLength: 12 }), async (garbage) => {
      const { room, socket, happens, adaJoins } = await mediaRoom();
      await room.publish(camera());
      await adaJoins();
      for (const { type, numbered, rest } of garbage) {
        await (numbered ? happens({ ...rest, type }) : socket.receive({ ...rest, type }));
      }
      for (const data of ['{', '', 'null', '[]', '7', '{"type":7}', new ArrayBuffer(4)]) {
        socket.dispatchEvent(new MessageEvent('message', { data }));
      }
      await vi.advanceTimersByTimeAsync(100);
      await happens({ type: 'peerJoined', peerId: 'bob', node: 'node-1' });
      expect(room.closed).toBe(false);
      expect(room.peers.has('bob')).toBe(true);
      await room.leave();
      await vi.advanceTimersByTimeAsync(100_000);
    }),
    { seed: 7, numRuns: 150 },
  );
  process.off('unhandledRejection', onThrown);
  process.off('uncaughtException', onThrown);
  expect(thrown).toEqual([]);
});
