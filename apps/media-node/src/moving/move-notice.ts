import type { Clock, Timer } from '@sluice/shared';
import { jittered } from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';
import type { MediaNode } from '../media-node.ts';
import type { Peer } from '../room/peer.ts';
import type { Slice } from '../room/slice.ts';

/**
 * When an unanswered notice is said again, in ms after the one before. The first few are for a message that was lost or a
 * gateway that had not heard of the session yet; in the end, some 30 s after the first, the peer's session would be over.
 */
const repeatAfterMs = [500, 1000, 2000, 4000, 8000, 16_000] as const;
/** Where the gateway was answered with the notice: the client has a drain's overlap to answer before it is repeated. */
const firstAfterAnswer = 3;

/** A move that a peer's client was told of, or should have been, and that it has not answered with `moved` yet. */
export class PendingMove {
  readonly event: MoveEvent;
  /** Where this node decided it: what others decide, they time. */
  readonly decidedAt: number | undefined;
  readonly #clock: Clock;
  #repeats: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, event: MoveEvent, decidedAt: number | undefined) {
    this.#repeats = decidedAt === undefined ? firstAfterAnswer : 0;
    this.#clock = clock;
    this.event = event;
    this.decidedAt = decidedAt;
  }

  /** Says it again now and then, until `stop()` or until it has been said often enough. */
  repeat(say: () => void): void {
    const afterMs = repeatAfterMs[this.#repeats++];
    if (afterMs === undefined) return;
    this.#timer = this.#clock.setTimer(
      () => {
        say();
        this.repeat(say);
      },
      jittered(afterMs, 0.2),
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** The peer's client has to know of this move: the notice is repeated, and told to whoever takes the peer up. */
export function expectMove(node: MediaNode, slice: Slice, peer: Peer, event: MoveEvent, decidedAt?: number): void {
  peer.move?.stop();
  const pending = new PendingMove(node.clock, event, decidedAt);
  peer.move = pending;
  pending.repeat(() => {
    // One without a session is told when it is taken up.
    if (peer.detached || peer.closed || peer.movedAway) return;
    node.metrics.repeatedMoves.inc();
    slice.tell(peer, currentNotice(peer, event));
  });
}

/** The client stands where it was told to go. */
export function confirmMove(node: MediaNode, peer: Peer): void {
  const { move } = peer;
  if (!move) return;
  peer.move = undefined;
  move.stop();
  if (move.decidedAt === undefined) return;
  const seconds = (node.clock.now() - move.decidedAt) / 1000;
  node.metrics.moveDuration.observe({ reason: move.event.reason, result: 'ok' }, seconds);
}

/** The move that the peer's client has not answered yet, as things are now. */
export function pendingNotice(peer: Peer): MoveEvent | undefined {
  return peer.move && currentNotice(peer, peer.move.event);
}

/** Without the consumers that have closed since. */
function currentNotice(peer: Peer, event: MoveEvent): MoveEvent {
  if (!event.consumers) return event;
  return { ...event, consumers: event.consumers.filter(({ id }) => peer.consumers.has(id as never)) };
}
