import type { PeerRecord, Position } from '@sluice/shared';
import type { Peer } from './peer.ts';

/**
 * What the room's word makes of a peer here: `now` is its record, none where it has left. A word from before it entered
 * says nothing, nor does our own, which may be heard before its writer is answered.
 */
export function fateOf(peer: Peer, now: PeerRecord | undefined, position: Position): 'asBefore' | 'movedAway' | 'gone' {
  const { enteredAt, record } = peer;
  if (!enteredAt || isBefore(position, enteredAt)) return 'asBefore';
  if (now?.resumeHash !== record.resumeHash) return now?.sessionId === peer.sessionId ? 'asBefore' : 'gone';
  if (now.boot === record.boot) return 'asBefore';
  const { gateway, sessionId } = now;
  peer.record = { ...record, gateway, sessionId };
  return 'movedAway';
}

/** Whether this was told no later than that. Numbers of two lives of a room have nothing to do with each other. */
const isBefore = (position: Position, that: Position): boolean =>
  position.epoch === that.epoch && position.seq <= that.seq;
