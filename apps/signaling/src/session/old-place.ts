import type { Clock, Timer } from '@sluice/shared';
import type { NodeClient, PeerAddress } from '../nodes/node-client.ts';

/**
 * How long the old place of a drained peer is kept for a client that doesn't say `moved`, in ms. Longer lets slow uplinks
 * overlap; shorter ends the drain sooner.
 */
export const overlapMs = 10_000;

const releaseMs = 2000;

/** What a moving peer still has at the node that it comes from. Released when its client stands, or when its time is up. */
export class OldPlace {
  readonly #peer: PeerAddress;
  readonly #nodes: NodeClient;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #released = false;

  constructor(peer: PeerAddress, nodes: NodeClient, clock: Clock) {
    this.#peer = peer;
    this.#nodes = nodes;
    this.#clock = clock;
    this.#timer = clock.setTimer(() => this.release(), overlapMs);
  }

  get address(): string {
    return this.#peer.address;
  }

  /** Idempotent. A node that can't be told forgets the place by itself some time later. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#timer.cancel();
    this.#nodes.tell(this.#peer, 'releasePeer', {}, this.#clock.now() + releaseMs);
  }
}
