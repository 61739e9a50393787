import {
  type ConsumerId,
  channels,
  type NodeId,
  type PeerId,
  type PeerRecord,
  type ProducerId,
  type RoomId,
  type SessionId,
} from '@sluice/shared';
import type { ClientMoveEvent, ClientPeerEvent, LeaveReason, MoveReason } from '@sluice/shared/protocol';
import type { NodeClient, PeerAddress } from '../nodes/node-client.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import type { Member } from '../rooms/members.ts';
import { confirmMove } from './confirm-move.ts';
import type { SessionMedia } from './media.ts';
import type { MoveTimer } from './move-timer.ts';
import type { OldPlace } from './old-place.ts';

/** The connection that a seat's peer speaks through. None of these may throw. */
export interface SeatClient {
  /** False as soon as the connection is closing. */
  readonly open: boolean;
  /** The connection ended without a wish of its client or of ours: its peer waits to be resumed. */
  readonly lost: boolean;
  deliver(frames: readonly string[]): void;
  notice(event: ClientPeerEvent | ClientMoveEvent): void;
  /** The seat was closed; for a reason of the room's, where one is given. */
  unseated(seat: Seat, reason: LeaveReason | undefined): void;
}

export interface SeatDetails {
  room: RoomId;
  peerId: PeerId;
  /** New with each join and resume: what is said in the name of an older one counts no more. */
  sessionId: SessionId;
  /** Where the peer's media is, and that node's inbox. */
  node: NodeId;
  address: string;
  /** SHA-256 of the resume token: what makes another connection this peer. */
  resumeHash: string;
  features: string[];
  /** What this session has at its node: what another node needs to take the peer over. */
  media: SessionMedia;
  /** The room as this gateway follows it. The seat takes the hold over that its maker has. */
  followed: FollowedRoom;
}

/** Where a seat is listed, and what it leaves when it closes. */
export interface SeatRegisters {
  enter(seat: Seat): void;
  leave(seat: Seat): void;
  /** The seat is about to have another address. */
  readdress(seat: Seat, change: () => void): void;
  release(followed: FollowedRoom): void;
}

/** Attempts to give the seat's peer another node, kept here by the movers. */
export interface MoveAttempt {
  decidedAt: number;
  failures: number;
  notBefore: number;
  running: boolean;
  /** Nodes where it failed: others are tried first. */
  readonly avoid: Set<NodeId>;
  /** Why the peer has to leave its node; an attempt counts only as long as this is the reason. */
  readonly cause: object;
}

/**
 * A peer's membership in a room, as the gateway of its session holds it: from the reply to its join or resume until it
 * leaves, is lost, or another session speaks for it. It is listed by session, by node and in its room; `close` takes it
 * off every list and ends its timers.
 */
export class Seat implements Member {
  readonly room: RoomId;
  readonly peerId: PeerId;
  readonly sessionId: SessionId;
  readonly resumeHash: string;
  readonly features: readonly string[];
  readonly media: SessionMedia;
  readonly followed: FollowedRoom;
  readonly client: SeatClient;
  readonly moveTimer: MoveTimer;
  attempt: MoveAttempt | undefined;
  readonly #registers: SeatRegisters;
  readonly #nodes: NodeClient;
  #node: NodeId;
  #address: string;
  #old: OldPlace | undefined;
  #closed = false;

  constructor(
    client: SeatClient,
    details: SeatDetails,
    { registers, nodes, moveTimer }: { registers: SeatRegisters; nodes: NodeClient; moveTimer: MoveTimer },
  ) {
    this.client = client;
    this.room = details.room;
    this.peerId = details.peerId;
    this.sessionId = details.sessionId;
    this.resumeHash = details.resumeHash;
    this.features = details.features;
    this.media = details.media;
    this.followed = details.followed;
    this.#node = details.node;
    this.#address = details.address;
    this.#registers = registers;
    this.#nodes = nodes;
    this.moveTimer = moveTimer;
  }

  get node(): NodeId {
    return this.#node;
  }

  /** The inbox of the peer's node. */
  get address(): string {
    return this.#address;
  }

  /** While the peer moves: the node that still has what it had before. */
  get old(): OldPlace | undefined {
    return this.#old;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The peer and session that an operation is for, at its node or at another one. */
  at(address = this.#address): PeerAddress {
    return { room: this.room, peerId: this.peerId, sessionId: this.sessionId, address };
  }

  /** From here on the room's events are sent to the client. */
  open(): void {
    this.#registers.enter(this);
    this.followed.add(this);
  }

  deliver(frames: readonly string[]): void {
    this.client.deliver(frames);
  }

  consumersOf(producerId: ProducerId): ReadonlySet<ConsumerId> {
    return this.media.consumers.of(producerId);
  }

  forgetProducer(producerId: ProducerId): void {
    this.media.forgetProducer(producerId);
  }

  /** The peer's record, where the room knows the peer as this session's and on this node. */
  record(): PeerRecord | undefined {
    const record = this.followed.record(this.peerId);
    if (this.#closed || record?.resumeHash !== this.resumeHash) return undefined;
    // Just after a move the room may not have said yet which node has the peer.
    return channels.node(record.node, record.boot) === this.#address ? record : undefined;
  }

  /** What the peer's node says by itself. A node that says where to go has the peer, also where its answer was lost. */
  hear(event: ClientPeerEvent | ClientMoveEvent): void {
    if (event.type === 'move' && !this.media.isKnown(event)) this.#followMove();
    this.notice(event);
  }

  /** Tells the client what concerns it alone. A move that it has been told is not told again. */
  notice(event: ClientPeerEvent | ClientMoveEvent): void {
    if (this.#closed) return;
    if (event.type === 'move' && this.media.isKnown(event)) return confirmMove(this, this.#nodes);
    this.media.hear(event);
    this.client.notice(this.#asTheRoomSays(event));
  }

  /** A consumer's producer is paused or not as the room's events up to now say, and later ones take it from there. */
  withPaused<C extends { producerId: string; producerPaused: boolean }>(consumer: C): C {
    const producerPaused = this.followed.isPaused(consumer.producerId as ProducerId) ?? consumer.producerPaused;
    return producerPaused === consumer.producerPaused ? consumer : { ...consumer, producerPaused };
  }

  #asTheRoomSays(event: ClientPeerEvent | ClientMoveEvent): ClientPeerEvent | ClientMoveEvent {
    if (event.type === 'consumerAdded') return { ...event, consumer: this.withPaused(event.consumer) };
    if (event.type !== 'move' || !event.consumers) return event;
    return { ...event, consumers: event.consumers.map((consumer) => this.withPaused(consumer)) };
  }

  /** Another node has the peer from here on. What the peer still has at `old` stays until it is released. */
  moveTo(node: NodeId, address: string, old: OldPlace | undefined): void {
    this.#old?.release();
    this.#old = old;
    this.attempt = undefined;
    this.#registers.readdress(this, () => {
      this.#node = node;
      this.#address = address;
    });
  }

  /** The client has been told to move. */
  told(reason: MoveReason, decidedAt: number): void {
    this.moveTimer.start(reason, decidedAt);
  }

  /** The client says that everything stands at the new node: the old one may forget the peer. */
  stands(): void {
    this.#old?.release();
    this.#old = undefined;
    if (this.media.move) this.media.move.stood = true;
    confirmMove(this, this.#nodes);
    this.moveTimer.end('ok');
  }

  removed(reason: LeaveReason): void {
    this.#close(reason);
  }

  /** Gives the seat up, and with it what the peer had at the node that it moved from. Its node isn't told. Idempotent. */
  close(): void {
    this.#close(undefined);
    this.#old?.release();
  }

  #close(reason: LeaveReason | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.attempt = undefined;
    this.followed.remove(this);
    this.#registers.leave(this);
    this.#registers.release(this.followed);
    this.moveTimer.end('ended');
    this.client.unseated(this, reason);
  }

  #followMove(): void {
    const record = this.followed.record(this.peerId);
    if (record?.sessionId !== this.sessionId) return;
    const address = channels.node(record.node, record.boot);
    if (address !== this.#address) this.moveTo(record.node, address, undefined);
  }
}
