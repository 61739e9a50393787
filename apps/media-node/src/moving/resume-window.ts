import type { Clock } from '@sluice/shared';
import type { NodeConfig } from '../config.ts';
import type { DetachCause } from '../room/peer-phase.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import type { Slices } from '../room/slices.ts';

/**
 * How long a peer has no session before the room is told that its connection is lost, in ms. Longer hides more reloads
 * and short cuts; shorter tells earlier why a picture stands still.
 */
const connectionLostAfterMs = 2000;

export interface ResumeWindowOptions {
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly slices: Slices;
}

/** The session is lost: the peer stays as it is for the resume window, so that another gateway can take it up. */
export function detach(node: ResumeWindowOptions, place: PeerPlace, cause: DetachCause): void {
  const { clock, config } = node;
  place.peer.detach(cause, () => [
    clock.setTimer(() => tellLost(place), connectionLostAfterMs),
    clock.setTimer(() => void remove(node, place), config.resumeWindowMs),
  ]);
}

/** Its gateway, which was taken for lost, speaks for the peer again. */
export function reattach({ slice, peer }: PeerPlace): void {
  peer.attach();
  const { connection, ...record } = peer.record;
  if (connection === undefined) return;
  peer.record = record;
  slice.updates.add(peer);
}

function tellLost({ slice, peer }: PeerPlace): void {
  peer.record = { ...peer.record, connection: 'lost' };
  slice.updates.add(peer);
}

async function remove({ slices }: ResumeWindowOptions, { slice, peer }: PeerPlace): Promise<void> {
  try {
    await slice.remove(peer, 'disconnected');
  } catch {
    // The sweep takes peers out of the directory that are not here any more.
  }
  slices.settle(slice);
}
