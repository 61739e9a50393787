import type { PeerId, ProducerId, ProducerRecord } from '@sluice/shared';
import type { ClientPeerEvent } from '@sluice/shared/protocol';
import type { SliceRouter, Speaker } from '../mediasoup/slice-router.ts';
import type { Peer } from './peer.ts';

/** The slice, as far as speakers are told by it. */
export interface Listeners {
  readonly peers: ReadonlyMap<PeerId, Peer>;
  recordOf(producerId: ProducerId): ProducerRecord | undefined;
  tell(peer: Peer, event: ClientPeerEvent): void;
}

/** Tells the peers of a router who is loud among those whose sound is there; nobody, when all fell silent. */
export function tellSpeakers(slice: Listeners, router: SliceRouter, loud: readonly Speaker[]): void {
  const speakers = loud.flatMap(({ producerId, volume }) => {
    const peerId = slice.recordOf(producerId as ProducerId)?.peerId;
    return peerId === undefined ? [] : [{ peerId, volume }];
  });
  for (const peer of slice.peers.values()) {
    if (peer.router === router) slice.tell(peer, { type: 'activeSpeakers', speakers });
  }
}
