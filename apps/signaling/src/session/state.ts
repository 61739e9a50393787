import { SluiceError } from '@sluice/shared';
import type { ActionName } from '@sluice/shared/protocol';
import type { Seat } from './seat.ts';

export type SessionState =
  | { phase: 'unjoined' }
  | { phase: 'joining' }
  | { phase: 'joined'; seat: Seat }
  | { phase: 'closed' };

/** Actions that come before the session has a seat; every other one needs it. */
const entries = ['join', 'resume'] as const satisfies ActionName[];
export type EntryName = (typeof entries)[number];
export type SeatedName = Exclude<ActionName, EntryName>;

export function isEntry(action: ActionName): action is EntryName {
  return (entries as readonly ActionName[]).includes(action);
}

/** @throws alreadyJoined */
export function assertUnseated(state: SessionState): void {
  if (state.phase !== 'joined') return;
  throw new SluiceError('alreadyJoined', 'This connection is in a room already; leave it first.');
}

/** @throws notJoined */
export function seatOf(state: SessionState): Seat {
  if (state.phase !== 'joined') throw new SluiceError('notJoined', 'This connection is in no room; join comes first.');
  return state.seat;
}
