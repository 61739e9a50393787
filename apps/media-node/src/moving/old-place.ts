import type { Clock, ProducerId } from '@sluice/shared';
import type { PeerPlace } from '../room/peer-place.ts';
import type { Slices } from '../room/slices.ts';

/**
 * How long the media of a peer that moved away is kept when its client never says `moved`, in ms: longer than any move's
 * deadline, since the gateway that watches that one may be gone.
 */
const abandonedAfterMs = 45_000;
/**
 * The same where this boot was fenced in the room: its gateway doesn't release the media then. Longer than a client needs
 * to build its transports elsewhere; shorter is sooner quiet after a freeze.
 */
const abandonedFencedAfterMs = 2000;

export interface OldPlaceOptions {
  readonly clock: Clock;
  readonly slices: Slices;
  readonly drain: { moved(): void };
}

/** The peer has gone to another node: what it has here is kept until its gateway releases it. */
export function keepOldPlace(node: OldPlaceOptions, { slice, peer }: PeerPlace): void {
  peer.moveAway(() => {
    node.drain.moved();
    const afterMs = slice.fenced ? abandonedFencedAfterMs : abandonedAfterMs;
    return node.clock.setTimer(() => void releaseMedia(node, { slice, peer }, 'moved'), afterMs);
  });
}

/** Closes what a peer has here and tells its client; its record in the room stays as it is. */
export async function releaseMedia(
  { slices }: Pick<OldPlaceOptions, 'slices'>,
  { slice, peer }: PeerPlace,
  reason: string,
): Promise<void> {
  const changes = [...peer.producers.keys()].map((producerId: ProducerId) => ({
    type: 'removeProducer' as const,
    producerId,
    reason,
  }));
  for (const transportId of [...peer.transports.keys()]) {
    slice.tell(peer, { type: 'transportClosed', transportId, reason });
  }
  if (changes.length > 0 && !slice.fenced) await slice.commit(...changes).catch(() => undefined);
  slice.discard(peer);
  slices.settle(slice);
}
