import type { ProducerId } from '@sluice/shared';
import type { SliceRouter, Speaker } from '../mediasoup/slice-router.ts';
import type { Slice } from './slice.ts';

/** Tells the peers of a router who is loud among those whose sound is there; nobody, when all fell silent. */
export function tellSpeakers(slice: Slice, router: SliceRouter, loud: readonly Speaker[]): void {
  const speakers = loud.flatMap(({ producerId, volume }) => {
    const peerId = slice.recordOf(producerId as ProducerId)?.peerId;
    return peerId === undefined ? [] : [{ peerId, volume }];
  });
  for (const peer of slice.peers.values()) {
    if (peer.router === router) slice.tell(peer, { type: 'activeSpeakers', speakers });
  }
}
