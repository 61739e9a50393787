import type { Bus, Clock, ErrorCode, Logger, SessionId, Timer } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { NodeClient, OwnParams, PeerAddress } from './node-client.ts';

type Reason = OwnParams<'leavePeer'>['reason'];

interface Farewell {
  peer: PeerAddress;
  reason: Reason;
  /** When to stop trying, on this process's clock. */
  until: number;
  /** The node may still be taking the peer in: that it doesn't know the peer yet says nothing. */
  unsure: boolean;
}

const attemptMs = 2000;
const retryEveryMs = 1000;
/** Past this the node has noticed by itself that the peer has no session. */
const giveUpAfterMs = 30_000;
/** An operation that was still under way when its caller gave up has ended by then. */
const sureAfterMs = 6000;
/** Beyond it the oldest is dropped, and is left to the node's own sweep. */
const maxUnsent = 10_000;

/**
 * Takes peers off their nodes when they have no session here any more. A leave that could not be said is said again
 * until it was heard: otherwise a bus that was away for a moment would leave a ghost in the room. Safe to repeat, since
 * a session's id is never used twice.
 */
export class Farewells {
  readonly #nodes: NodeClient;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #unsent = new Map<SessionId, Farewell>();
  #timer: Timer | undefined;

  constructor(options: { nodes: NodeClient; bus: Bus; clock: Clock; log: Logger }) {
    this.#nodes = options.nodes;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  get unsent(): number {
    return this.#unsent.size;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.#retry(), retryEveryMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Resolves when the node has answered, or when it is known that it can't now. Never rejects. */
  async leave(peer: PeerAddress, reason: Reason): Promise<void> {
    await this.#attempt({ peer, reason, until: this.#clock.now() + giveUpAfterMs, unsure: false });
  }

  /** Leaves the peer to be resumed. One whose node isn't told is left to the node's own watch over gateways. */
  async detach(peer: PeerAddress): Promise<void> {
    try {
      await this.#nodes.call(peer, 'detachPeer', {}, this.#clock.now() + attemptMs);
    } catch (thrown) {
      this.#log.debug({ room: peer.room, code: SluiceError.from(thrown).code }, 'A lost session was not heard of.');
    }
  }

  /** As `leave`, for a peer of which it is not known whether its node took it in, or will. */
  async leaveIfThere(peer: PeerAddress): Promise<void> {
    await this.#attempt({ peer, reason: 'failed', until: this.#clock.now() + sureAfterMs, unsure: true });
  }

  async #attempt(farewell: Farewell): Promise<void> {
    const { peer, reason } = farewell;
    try {
      await this.#nodes.call(peer, 'leavePeer', { reason }, this.#clock.now() + attemptMs);
    } catch (thrown) {
      const { code } = SluiceError.from(thrown);
      this.#log.debug({ room: peer.room, peerId: peer.peerId, code }, 'A leave was not answered.');
      if (isWorthRepeating(code, farewell)) this.#remember(farewell);
    }
  }

  #remember(farewell: Farewell): void {
    if (this.#clock.now() >= farewell.until) return;
    this.#unsent.set(farewell.peer.sessionId, farewell);
    const oldest = this.#unsent.keys().next().value;
    if (this.#unsent.size > maxUnsent && oldest !== undefined) this.#unsent.delete(oldest);
  }

  #retry(): void {
    if (!this.#bus.connected) return;
    const due = [...this.#unsent.values()];
    this.#unsent.clear();
    for (const farewell of due) void this.#attempt(farewell);
  }
}

function isWorthRepeating(code: ErrorCode, { unsure }: Farewell): boolean {
  return code === 'coordinatorUnavailable' || code === 'deadlineExceeded' || (unsure && code === 'peerNotFound');
}
