import type { Clock, ConsumerId } from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';
import type { NodeMetrics } from '../metrics.ts';
import type { Peer } from '../room/peer.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import { PendingMove } from '../room/pending-move.ts';

export interface MoveNoticeOptions {
  readonly clock: Clock;
  readonly metrics: NodeMetrics;
}

/** The peer's client has to know of this move: the notice is repeated, and given to the gateway that resumes the peer. */
export function expectMove(
  { clock, metrics }: MoveNoticeOptions,
  { slice, peer }: PeerPlace,
  event: MoveEvent,
  decidedAt?: number,
): void {
  peer.move?.stop();
  const pending = new PendingMove(clock, event, decidedAt);
  peer.move = pending;
  pending.repeat(() => {
    // A peer without a session is told when it is resumed.
    if (peer.detached || peer.closed || peer.movedAway) return;
    metrics.repeatedMoves.inc();
    slice.tell(peer, currentNotice(peer, event));
  });
}

/** The client has its media where it was told to go. */
export function confirmMove({ clock, metrics }: MoveNoticeOptions, peer: Peer): void {
  const { move } = peer;
  if (!move) return;
  peer.move = undefined;
  move.stop();
  if (move.decidedAt === undefined) return;
  const seconds = (clock.now() - move.decidedAt) / 1000;
  metrics.moveDuration.observe({ reason: move.event.reason, result: 'ok' }, seconds);
}

/** The move that the peer's client has not answered yet, as things are now. */
export function pendingNotice(peer: Peer): MoveEvent | undefined {
  return peer.move && currentNotice(peer, peer.move.event);
}

/** Without the consumers that have closed since. */
function currentNotice(peer: Peer, event: MoveEvent): MoveEvent {
  if (!event.consumers) return event;
  return { ...event, consumers: event.consumers.filter(({ id }) => peer.consumers.has(id as ConsumerId)) };
}
