import type { NodeId, PeerId, RoomId, SessionId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { ActionName } from '@sluice/shared/protocol';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import type { SessionMedia } from './media.ts';

/** A session that has a peer in a room. `sessionId` is new with each join: an older one's word counts no more. */
export interface Joined {
  phase: 'joined';
  room: RoomId;
  peerId: PeerId;
  sessionId: SessionId;
  /** Where the peer's media is, and that node's inbox. */
  node: NodeId;
  address: string;
  /** SHA-256 of the resume token: what makes another connection this peer. */
  resumeHash: string;
  features: string[];
  /** What this session has at its node: what another node needs to take the peer over. */
  media: SessionMedia;
  /** While the peer moves: the node that still has what it had before. */
  old: OldPlace | undefined;
  /** The room as this gateway follows it, held until the session leaves it. */
  followed: FollowedRoom;
}

/** Where a peer comes from, while it moves. */
export interface OldPlace {
  address: string;
  /** Ends the wait for the client's `moved`. */
  release(): void;
}

export type SessionState = { phase: 'unjoined' } | { phase: 'joining' } | Joined | { phase: 'closed' };

/** Actions that come before the session has a peer; every other one needs it. */
const entries: ReadonlySet<ActionName> = new Set<ActionName>(['join', 'resume']);

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
