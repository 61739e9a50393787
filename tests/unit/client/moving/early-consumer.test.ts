import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { consumer, mediaRoom, moveTo } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('[CK21] a consumer that is told of just before the move to its node is built there, and stands when the old place is left', async () => {
  const { room, gateway, socket, network, adaJoins, said } = await mediaRoom();
  await adaJoins();
  const [subscription] = [...room.subscriptions.values()];
  const replaces = subscription!.consumerId;
  const { consumers: _, ...move } = moveTo(gateway, 'moved') as { consumers: unknown };
  socket.receive({ type: 'consumerAdded', consumer: consumer('cam', 99), replaces });
  socket.receive(move);
  await vi.advanceTimersByTimeAsync(100);
  await network('recv').turns('connecting');
  await network('recv').turns('connected');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(said('moved')).toHaveLength(1);
  expect([subscription!.stands, subscription!.consumerId]).toEqual([true, 'consumer-99']);
});

test('[CK21] one that was built at the old place already is fetched at the new one', async () => {
  const { room, gateway, socket, network, tells, adaJoins, said } = await mediaRoom();
  await adaJoins();
  const [subscription] = [...room.subscriptions.values()];
  await tells({ type: 'consumerAdded', consumer: consumer('cam', 99), replaces: subscription!.consumerId });
  await vi.advanceTimersByTimeAsync(100);
  const { consumers: _, ...move } = moveTo(gateway, 'moved') as { consumers: unknown };
  socket.receive(move);
  await vi.advanceTimersByTimeAsync(100);
  await network('recv').turns('connecting');
  await network('recv').turns('connected');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(said('consume').at(-1)).toMatchObject({ producerIds: ['cam'], transportId: 'moved-recv' });
  expect([subscription!.stands, subscription!.closed]).toEqual([true, false]);
});
