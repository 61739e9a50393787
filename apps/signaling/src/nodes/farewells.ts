import type { Bus, Clock, ErrorCode, Logger, SessionId, Timer } from '@sluice/shared';
import { BoundedWork, SluiceError } from '@sluice/shared';
import type { NodeClient, OwnParams, PeerAddress } from './node-client.ts';

type Reason = OwnParams<'leavePeer'>['reason'];

interface Farewell {
  peer: PeerAddress;
  /** Why the peer leaves; undefined where only its connection is lost, and it waits to be resumed. */
  reason: Reason | undefined;
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
/** How many are said again at a time when the bus is back. */
const againAtOnce = 64;

export interface FarewellsOptions {
  nodes: NodeClient;
  bus: Pick<Bus, 'connected'>;
  clock: Clock;
  log: Logger;
  /** One was given up. */
  onDropped(): void;
}

/**
 * Tells nodes that peers leave, or that their connection is lost. What could not be said is said again until it was
 * heard: otherwise a bus that was away for a moment would leave a ghost in the room. Safe to repeat, since a session's
 * id is never used twice.
 */
export class Farewells {
  readonly #options: FarewellsOptions;
  readonly #unsent = new Map<SessionId, Farewell>();
  readonly #again: BoundedWork<Farewell>;
  #timer: Timer | undefined;

  constructor(options: FarewellsOptions) {
    this.#options = options;
    this.#again = new BoundedWork({
      atOnce: againAtOnce,
      act: (farewell) => this.#say(farewell),
      onError: (error) => options.log.error({ error }, 'A farewell failed.'),
    });
  }

  get unsent(): number {
    return this.#unsent.size;
  }

  start(): void {
    this.#timer = this.#options.clock.setRepeating(() => this.#sayAgain(), retryEveryMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#again.clear();
  }

  /** Resolves when the node has answered, or when it is known that it can't now. Never rejects. */
  leave(peer: PeerAddress, reason: Reason): Promise<void> {
    return this.#say({ peer, reason, until: this.#now() + giveUpAfterMs, unsure: false });
  }

  /** Leaves the peer to be resumed. */
  detach(peer: PeerAddress): Promise<void> {
    return this.#say({ peer, reason: undefined, until: this.#now() + giveUpAfterMs, unsure: false });
  }

  /** As `leave`, for a peer of which it is not known whether its node took it in, or will. */
  leaveIfThere(peer: PeerAddress): Promise<void> {
    return this.#say({ peer, reason: 'failed', until: this.#now() + sureAfterMs, unsure: true });
  }

  #now(): number {
    return this.#options.clock.now();
  }

  async #say(farewell: Farewell): Promise<void> {
    const { nodes, log } = this.#options;
    const { peer, reason } = farewell;
    const deadline = this.#now() + attemptMs;
    try {
      if (reason === undefined) await nodes.call(peer, 'detachPeer', {}, deadline);
      else await nodes.call(peer, 'leavePeer', { reason }, deadline);
    } catch (thrown) {
      const { code } = SluiceError.from(thrown);
      log.debug({ room: peer.room, peerId: peer.peerId, reason, code }, 'A farewell was not answered.');
      if (isWorthRepeating(code, farewell)) this.#remember(farewell);
    }
  }

  #remember(farewell: Farewell): void {
    if (this.#now() >= farewell.until) return this.#options.onDropped();
    this.#unsent.set(farewell.peer.sessionId, farewell);
    const oldest = this.#unsent.keys().next().value;
    if (this.#unsent.size <= maxUnsent || oldest === undefined) return;
    this.#unsent.delete(oldest);
    this.#options.onDropped();
  }

  #sayAgain(): void {
    if (!this.#options.bus.connected) return;
    const due = [...this.#unsent.values()];
    this.#unsent.clear();
    this.#again.add(due);
  }
}

function isWorthRepeating(code: ErrorCode, { unsure }: Farewell): boolean {
  return code === 'coordinatorUnavailable' || code === 'deadlineExceeded' || (unsure && code === 'peerNotFound');
}
