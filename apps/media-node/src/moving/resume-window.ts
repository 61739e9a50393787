import type { Clock } from '@sluice/shared';
import type { NodeConfig } from '../config.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import type { Slices } from '../room/slices.ts';

export interface ResumeWindowOptions {
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly slices: Slices;
}

/** The session is lost: the peer stays as it is for the resume window, so that another gateway can take it up. */
export function detach({ clock, config, slices }: ResumeWindowOptions, { slice, peer }: PeerPlace): void {
  peer.detached = true;
  peer.grace?.cancel();
  peer.grace = clock.setTimer(() => {
    slice.remove(peer, 'disconnected').then(
      () => slices.settle(slice),
      // The sweep takes peers out of the directory that are not here any more.
      () => slices.settle(slice),
    );
  }, config.resumeWindowMs);
}
