import { SluiceError } from '../base/errors.ts';
import type { BootId, NodeId, PeerId, ProducerId, RoomId } from '../base/ids.ts';
import type { Subscription } from '../bus/bus.ts';
import type {
  EventBatch,
  LeaveReason,
  NewPeerRecord,
  Owner,
  PeerRecord,
  Position,
  ProducerRecord,
  RoomEvent,
  RoomSnapshot,
} from '../protocol/room.ts';

/**
 * What the cluster knows of rooms. It is an index that can be rebuilt: the truth of a peer's media is its node. Every
 * change is atomic: the writer's claim is checked, the change made, its events numbered, kept and published, or nothing
 * happens at all.
 *
 * A slice, the part of a room that one node holds, is claimed by (node, boot). A boot that was fenced in a room is
 * refused there for the room's life, with `FencedError`.
 *
 * Every method rejects with `coordinatorUnavailable` where the directory is away, within its command time limit.
 */
export interface Directory {
  /**
   * Claims the slice if need be, enters the peer and publishes `peerJoined`. A room that isn't there is born, with a
   * new epoch. A peer of the same id that is there already is replaced where `shown` is the hash of its token: its
   * producers are closed and it leaves (`replaced`) in the same change. Where another boot of the same node holds the
   * slice, it is fenced first, in the same change: a restarted node is not locked out by its dead predecessor.
   *
   * @throws forbidden when the id is another's, roomFull when the room has `maxPeers` others.
   */
  enter(room: RoomId, peer: NewPeerRecord, limits: EntryLimits): Promise<Entered>;

  /**
   * The peer's `node` and `boot` become its owner in place of `from`, with `peerUpdated`: the room does not see the
   * peer leave.
   *
   * @throws peerNotFound when it has left, has another token, or another owner or session than `from` says.
   */
  take(
    room: RoomId,
    peer: NewPeerRecord,
    from: Owner & Pick<PeerRecord, 'sessionId'>,
    limits?: Pick<BirthLimits, 'heard'>,
  ): Promise<Entered>;

  /**
   * Applies the changes and publishes their events as one batch. Claims the slice if need be, as `enter` does. Returns
   * the position after it, `{ epoch: 0, seq: 0 }` where there is no room: only `restorePeer` gives birth to one.
   */
  commit(room: RoomId, owner: Owner, changes: readonly Change[], limits?: BirthLimits): Promise<Committed>;

  /**
   * Gives the slice up. Producers that it still held are removed (`nodeLost`), with events; peers that it still held
   * are orphans then, as after `fence`. A no-op where it isn't held.
   */
  release(room: RoomId, owner: Owner): Promise<void>;

  /**
   * Fences a boot in a room: its claim and its producers (`nodeLost`) go, with events (`sliceFenced` first), and its
   * later writes are refused. Its peers stay, as orphans: another node may take each (`takePeer`), and the room does
   * not see them leave. Idempotent: true for the one call that did it. False where there is no room.
   */
  fence(room: RoomId, node: NodeId, boot: BootId): Promise<boolean>;

  /**
   * Takes an orphan out that no node has taken over, and its producers, with events. True for the one call that did it;
   * false where the peer is gone, or in other hands than `owner`'s by now.
   */
  reap(room: RoomId, peerId: PeerId, owner: Owner, reason: LeaveReason): Promise<boolean>;

  /** The room as it is now, or undefined where there is none. */
  snapshot(room: RoomId): Promise<RoomSnapshot | undefined>;

  /**
   * What happened after `seq`, oldest first. Undefined when that is not to be had any more (another epoch, or further
   * behind than the events or the bytes that are kept): the reader takes a snapshot.
   */
  eventsAfter(room: RoomId, position: Position): Promise<EventBatch[] | undefined>;

  /** Hears the room's event batches as they are published: at most once, so a reader watches for gaps in `seq`. */
  subscribe(room: RoomId, listener: (batch: EventBatch) => void, onGarbage?: () => void): Promise<Subscription>;

  /**
   * Keeps the rooms' keys alive and repairs a lost claim. Rooms that no owner touches for `roomTtlMs` go; an empty one
   * goes after `emptyRoomMs`, touched or not.
   */
  touch(owner: Owner, rooms: readonly RoomId[]): Promise<Touched>;
}

/** What `touch` found. A room that could not be touched is in none of these. */
export interface Touched {
  /** Rooms where this boot was fenced. */
  fenced: RoomId[];
  /** Rooms that are not there any more. */
  missing: RoomId[];
  /** The others, as they are: an owner that has heard all of one knows by its numbers whether records were lost. */
  found: RoomCount[];
}

export interface RoomCount extends Position {
  room: RoomId;
  peers: number;
  producers: number;
}

/** The position after a peer was taken in, and the generation that it has. */
export interface Entered extends Position {
  generation: number;
}

/** The position after a commit, and what became of each of its changes. */
export interface Committed extends Position {
  outcomes: Outcome[];
}

/**
 * Of a change: it was made, or was so already; there is nothing that it could change; or that is another owner's by
 * now.
 */
export type Outcome = 'done' | 'missing' | 'other';

export interface EntryLimits extends BirthLimits {
  maxPeers: number;
  /** Hash of the resume token that the joiner has shown. */
  shown?: string | undefined;
}

export interface BirthLimits {
  /**
   * A room that this call gives birth to gets a greater epoch than this one: an owner that knew the room before Redis
   * came back empty says what it knew, so that epochs never go back, whatever Redis's clock says. Default: that of
   * `heard`.
   */
  atLeastEpoch?: number;
  /**
   * How far the writer has heard the room. A directory that is behind that, since it lost writes in a fail-over, goes
   * on counting from there: no reader takes the next event for one that it has heard already.
   */
  heard?: Position | undefined;
}

/**
 * One change of what the writer owns. A change whose condition fails is skipped without an event, and its outcome says
 * so. One that changes nothing counts as done: a repeated commit does no harm.
 */
export type Change =
  /** Its peer must be in the room. */
  | { type: 'addProducer'; producer: ProducerRecord }
  /** Puts back a producer that the room has lost, with `producerAdded`. Its peer must be the writer's. */
  | { type: 'restoreProducer'; producer: ProducerRecord }
  | { type: 'removeProducer'; producerId: ProducerId; reason?: string }
  | { type: 'setProducerPaused'; producerId: ProducerId; paused: boolean }
  /** The writer's own peer, and still the one with this token. */
  | { type: 'updatePeer'; peer: NewPeerRecord }
  /**
   * Puts back a peer that the room has lost, with `peerJoined`, or has in an older state: a lower generation, or the
   * writer's own in other words.
   */
  | { type: 'restorePeer'; peer: PeerRecord }
  /**
   * The writer lists the peer's producers: they are removed first, each with its event, then the peer. Where the peer
   * is another's by now, or has another token, it stays, and of the producers only the writer's own go.
   */
  | {
      type: 'removePeer';
      peerId: PeerId;
      resumeHash: string;
      reason: LeaveReason;
      producerIds: ProducerId[];
    }
  /** From a peer of the room. */
  | { type: 'message'; from: PeerId; payload: Extract<RoomEvent, { type: 'message' }>['payload']; to?: PeerId[] };

/** This boot was fenced in the room: it must let its slice go. */
export class FencedError extends Error {
  readonly room: RoomId;

  constructor(room: RoomId) {
    super(`This boot was fenced in room ${room}.`);
    this.name = 'FencedError';
    this.room = room;
  }
}

/** The answer to a join under the id of a peer that is there, without its token. */
export const peerIdTaken = (): SluiceError =>
  new SluiceError('forbidden', 'The peer id is taken.', { details: { field: 'peerId' } });

/** The answer to a move of a peer that has left or moved on. */
export const peerGone = (): SluiceError => new SluiceError('peerNotFound', 'The peer has left, or has moved on.');

export interface DirectoryLimits {
  /** How many batches of a room's events are kept for readers that missed some. */
  keptEvents: number;
  /**
   * How many bytes of them: a reader that missed more takes a snapshot. Redis keeps up to twice as many. More serves
   * readers that were away for longer in a busy room; less leaves memory, and a resume's answer, small.
   */
  keptBytes: number;
  /** How long an empty room keeps its epoch, in ms: a reload of the last peer's page finds the same room. */
  emptyRoomMs: number;
  /** How long a room lives that no owner touches, in ms: longer than any outage that its nodes should survive. */
  roomTtlMs: number;
}

export const defaultDirectoryLimits: DirectoryLimits = {
  keptEvents: 1000,
  keptBytes: 524_288,
  emptyRoomMs: 30_000,
  roomTtlMs: 60_000,
};
