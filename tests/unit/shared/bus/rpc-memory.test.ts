import type { PeerId, RoomId, SessionId } from '@sluice/shared';
import { nodeOperations } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { Exchange } from '../../../support/raw/exchange.ts';

const params = { room: 'r' as RoomId, peerId: 'p' as PeerId, sessionId: 's' as SessionId, payload: 'hello' };

test('[DI57] long answers are remembered for retries up to 16 Mi characters, the newest of them', async () => {
  const exchange = new Exchange();
  const asker = await exchange.party('asker');
  const done: string[] = [];
  const other = await exchange.party('other', {
    sendMessage: {
      params: nodeOperations.sendMessage,
      run: async (_, { id }) => {
        done.push(id);
        return { long: 'x'.repeat(2 ** 20) };
      },
    },
  });
  const request = (id: string) => {
    const call = { operation: 'sendMessage', params, from: asker.address, ttlMs: 2000 };
    exchange.hub.publish(other.address, JSON.stringify({ type: 'request', id, ...call }));
    return settle();
  };
  const ids = Array.from({ length: 40 }, (_, index) => `call-${index}`);
  for (const id of ids) await request(id);
  expect(done).toEqual(ids);
  for (const id of ids.slice(-14)) await request(id);
  expect(done).toHaveLength(40);
  await request('call-0');
  expect(done.slice(40)).toEqual(['call-0']);
});
