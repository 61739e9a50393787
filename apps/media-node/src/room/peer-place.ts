import type { Peer } from './peer.ts';
import type { Slice } from './slice.ts';

/** A peer and the slice that it is in. */
export interface PeerPlace {
  slice: Slice;
  peer: Peer;
}
