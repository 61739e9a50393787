import type { NodeId, PeerId, RoomId, SessionId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { ActionName } from '@sluice/shared/protocol';
import type { FollowedRoom } from './followed-room.ts';

/** A session that has a peer in a room. `sessionId` is new with each join: an older one's word counts no more. */
export interface Joined {
  phase: 'joined';
  room: RoomId;
  peerId: PeerId;
  sessionId: SessionId;
  /** Where the peer's media is, and that node's inbox. */
  node: NodeId;
  address: string;
  /** The room as this gateway follows it, held until the session leaves it. */
  followed: FollowedRoom;
}

export type SessionState = { phase: 'unjoined' } | { phase: 'joining' } | Joined | { phase: 'closed' };

/** Actions that come before the session has a peer; every other one needs it. */
const entries: ReadonlySet<ActionName> = new Set<ActionName>(['join']);

/** @throws alreadyJoined and notJoined, for an action whose time it is not. */
export function assertTimely(state: SessionState, action: ActionName): void {
  if (!entries.has(action)) joined(state);
  else if (state.phase === 'joined') {
    throw new SluiceError('alreadyJoined', 'This connection is in a room already; leave it first.');
  }
}

/** @throws notJoined */
export function joined(state: SessionState): Joined {
  if (state.phase !== 'joined') throw new SluiceError('notJoined', 'This connection is in no room; join comes first.');
  return state;
}
