import type { Directory, Logger, NodeId, PeerId, Position, RoomId, SessionId } from '@sluice/shared';
import { RoomFeed, SluiceError } from '@sluice/shared';
import type { LeaveReason, PeerRecord, RoomEvent, RoomSnapshot } from '@sluice/shared/protocol';
import { toClientEvent } from './client-events.ts';

/** A session's place in a room: what the room needs of it. None of these may throw. */
export interface Member {
  readonly peerId: PeerId;
  readonly sessionId: SessionId;
  deliver(frame: string): void;
  /** Its peer is gone, or another session speaks for it now. It is no member any more. */
  removed(reason: LeaveReason): void;
}

export interface FollowedRoomOptions {
  room: RoomId;
  directory: Directory;
  log: Logger;
  /** Whether the directory may not know everything yet. */
  settling(): boolean;
  onRepair(kind: 'gap' | 'resync'): void;
  onGarbage?(): void;
}

/**
 * A room that somebody on this gateway is in or on the way into. Its members share one feed and one encoding of each
 * event. A member is added in the same turn in which its picture of the room is taken from `view` and `position`: it
 * then gets every event after that picture, once, and none before it.
 */
export class FollowedRoom {
  readonly room: RoomId;
  readonly #directory: Directory;
  readonly #feed: RoomFeed;
  readonly #members = new Map<PeerId, Member>();
  readonly #entering = new Map<NodeId, number>();
  #subscribed: Promise<void> | undefined;
  #looking: Promise<RoomSnapshot | undefined> | undefined;
  /** Who was in the room at the first look, until the feed is seeded. */
  #glimpse: readonly PeerRecord[] = [];
  /** How many sessions are in it or on the way into it. Kept by `RoomFeeds`. */
  holders = 0;

  constructor(options: FollowedRoomOptions) {
    this.room = options.room;
    this.#directory = options.directory;
    this.#feed = new RoomFeed({ ...options, onEvent: (event, position) => this.#take(event, position) });
  }

  get feed(): RoomFeed {
    return this.#feed;
  }

  /** Resolves once the room's events are heard. Shared by all who ask; a failure is remembered while anybody holds it. */
  subscribed(): Promise<void> {
    this.#subscribed ??= this.#feed.subscribe();
    return this.#subscribed;
  }

  /** Reads where the room is, unless the feed knows already: one read, however many ask. */
  async look(): Promise<void> {
    if (this.#feed.position) return;
    this.#looking ??= this.#directory.snapshot(this.room).finally(() => {
      this.#looking = undefined;
    });
    this.#glimpse = (await this.#looking)?.peers ?? [];
  }

  /** The nodes that the room is on, as far as is known; those that peers of this gateway are just entering included. */
  presentNodes(): ReadonlySet<NodeId> {
    const peers = this.#feed.position ? [...this.#feed.view.peers.values()] : this.#glimpse;
    return new Set([...peers.map((peer) => peer.node), ...this.#entering.keys()]);
  }

  /** Says that a peer is on its way to a node, until the returned function is called. */
  entering(node: NodeId): () => void {
    this.#entering.set(node, (this.#entering.get(node) ?? 0) + 1);
    return () => {
      const left = (this.#entering.get(node) ?? 1) - 1;
      if (left === 0) this.#entering.delete(node);
      else this.#entering.set(node, left);
    };
  }

  /**
   * Brings the feed to where the snapshot is, or further.
   *
   * @throws coordinatorUnavailable where what is missing can't be read.
   */
  async reach(snapshot: RoomSnapshot): Promise<void> {
    this.#feed.seed(snapshot);
    if (this.#isBehind(snapshot)) await this.#feed.catchUp();
    if (this.#isBehind(snapshot)) throw new SluiceError('coordinatorUnavailable', 'The room cannot be read yet.');
  }

  add(member: Member): void {
    this.#members.set(member.peerId, member);
  }

  remove(member: Member): void {
    if (this.#members.get(member.peerId) === member) this.#members.delete(member.peerId);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  #isBehind(snapshot: RoomSnapshot): boolean {
    const position = this.#feed.position;
    if (!position) return true;
    return position.epoch === snapshot.epoch ? position.seq < snapshot.seq : position.epoch < snapshot.epoch;
  }

  #take(event: RoomEvent, position: Position): void {
    const clientEvent = toClientEvent(event, position);
    if (clientEvent) this.#publish(JSON.stringify(clientEvent), event);
    this.#dismiss(event);
  }

  #publish(frame: string, event: RoomEvent): void {
    const to = event.type === 'message' ? event.to : undefined;
    if (to) for (const peerId of new Set(to)) this.#members.get(peerId)?.deliver(frame);
    else for (const member of this.#members.values()) member.deliver(frame);
  }

  /** Lets those members go whose peer the event took away. */
  #dismiss(event: RoomEvent): void {
    if (event.type === 'roomClosed') {
      for (const member of [...this.#members.values()]) this.#letGo(member, 'roomClosed');
    } else if (event.type === 'peerLeft') {
      this.#letGo(this.#members.get(event.peerId), event.reason);
    } else if (event.type === 'peerJoined' || event.type === 'peerUpdated') {
      const member = this.#members.get(event.peer.peerId);
      if (member?.sessionId !== event.peer.sessionId) this.#letGo(member, 'replaced');
    }
  }

  #letGo(member: Member | undefined, reason: LeaveReason): void {
    if (!member) return;
    this.remove(member);
    member.removed(reason);
  }
}
