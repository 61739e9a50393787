import type { Json } from '@sluice/shared/protocol';
import type { types } from '../mediasoup/types.ts';
import type { Peer } from '../room/peer.ts';
import { type Operation, onPeer } from './table.ts';

export const getStats: Operation<'getStats'> = onPeer<'getStats'>(async ({ peer }, params) => ({
  stats: (await statsOf(peer, params)) as Json[],
}));

async function statsOf(peer: Peer, params: Parameters<Operation<'getStats'>>[1]): Promise<unknown[]> {
  const { transportId, producerId, consumerId } = params;
  if (transportId !== undefined) return peer.transport(transportId).transport.getStats();
  if (producerId !== undefined) return (peer.producer(producerId, 'media').producer as types.Producer).getStats();
  if (consumerId !== undefined) return peer.consumer(consumerId).consumer.getStats();
  return [];
}
