import type { PeerId, SessionId } from '@sluice/shared';
import type { LeaveReason, RoomEvent } from '@sluice/shared/protocol';

/** A peer of a room, as the seat that it has on this gateway. None of these may throw. */
export interface Member {
  readonly peerId: PeerId;
  readonly sessionId: SessionId;
  deliver(frame: string): void;
  /** Its peer is gone, or another session speaks for it now. It is no member any more. */
  removed(reason: LeaveReason): void;
}

/** The peers of a room that have a seat on this gateway. */
export class Members {
  readonly #byPeer = new Map<PeerId, Member>();

  add(member: Member): void {
    this.#byPeer.set(member.peerId, member);
  }

  remove(member: Member): void {
    if (this.#byPeer.get(member.peerId) === member) this.#byPeer.delete(member.peerId);
  }

  /** Sends an event's frame to all, or to those that the event names. */
  send(frame: string, event: RoomEvent): void {
    const to = event.type === 'message' ? event.to : undefined;
    if (to) for (const peerId of new Set(to)) this.#byPeer.get(peerId)?.deliver(frame);
    else for (const member of this.#byPeer.values()) member.deliver(frame);
  }

  /** Lets those members go whose peer the event took away. */
  dismiss(event: RoomEvent): void {
    if (event.type === 'roomClosed') {
      for (const member of [...this.#byPeer.values()]) this.#letGo(member, 'roomClosed');
    } else if (event.type === 'peerLeft') {
      this.#letGo(this.#byPeer.get(event.peerId), event.reason);
    } else if (event.type === 'peerJoined' || event.type === 'peerUpdated') {
      const member = this.#byPeer.get(event.peer.peerId);
      if (member?.sessionId !== event.peer.sessionId) this.#letGo(member, 'replaced');
    }
  }

  #letGo(member: Member | undefined, reason: LeaveReason): void {
    if (!member) return;
    this.remove(member);
    member.removed(reason);
  }
}
