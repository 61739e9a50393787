import type { ProducerId } from '@sluice/shared';
import type { MediaNode } from '../media-node.ts';
import type { Peer } from '../room/peer.ts';
import type { Slice } from '../room/slice.ts';

/**
 * How long a place is kept for a peer that moved away and never said that it stands, in ms: longer than any move's
 * deadline, since the gateway that watches that one may be gone.
 */
const abandonedAfterMs = 45_000;

/**
 * How long a fenced slice keeps its media, in ms. Longer lets peers of a node that was only cut off leave without a gap;
 * shorter is sooner quiet after a freeze.
 */
export const letGoAfterMs = 500;

/** The peer has gone to another node: here it only waits to be released, or to be forgotten. */
export function markMoved(node: MediaNode, slice: Slice, peer: Peer): void {
  if (peer.movedAway) return;
  peer.movedAway = true;
  peer.move?.stop();
  node.drain.moved();
  peer.grace?.cancel();
  peer.grace = node.clock.setTimer(() => void releasePlace(node, slice, peer, 'moved'), abandonedAfterMs);
}

/** Lets go what a peer has here, its place in the room untouched. */
export async function releasePlace(node: MediaNode, slice: Slice, peer: Peer, reason: string): Promise<void> {
  const changes = [...peer.producers.keys()].map((producerId: ProducerId) => ({
    type: 'removeProducer' as const,
    producerId,
    reason,
  }));
  for (const transportId of [...peer.transports.keys()]) {
    slice.tell(peer, { type: 'transportClosed', transportId, reason });
  }
  if (changes.length > 0) await slice.commit(...changes).catch(() => undefined);
  slice.discard(peer);
  node.slices.settle(slice);
}

/** The session is lost: the peer stays as it is for a while, so that another gateway can take it up. */
export function detach(node: MediaNode, slice: Slice, peer: Peer): void {
  peer.detached = true;
  peer.grace?.cancel();
  peer.grace = node.clock.setTimer(() => {
    slice.remove(peer, 'disconnected').then(
      () => node.slices.settle(slice),
      // The sweep takes out of the directory who is not here any more.
      () => node.slices.settle(slice),
    );
  }, node.config.resumeWindowMs);
}
