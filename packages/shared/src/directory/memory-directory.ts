import { SluiceError } from '../base/errors.ts';
import type { BootId, NodeId, PeerId, RoomId } from '../base/ids.ts';
import { type Logger, silentLogger } from '../base/logging.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { channels } from '../bus/channels.ts';
import type { MemoryHub } from '../bus/memory-bus.ts';
import type {
  EventBatch,
  LeaveReason,
  NewPeerRecord,
  Owner,
  PeerRecord,
  Position,
  RoomEvent,
  RoomSnapshot,
} from '../protocol/room.ts';
import { batchAfter, encodeBatch, subscribeBatches } from './batch.ts';
import {
  type BirthLimits,
  type Change,
  type Committed,
  type Directory,
  type DirectoryLimits,
  defaultDirectoryLimits,
  type Entered,
  type EntryLimits,
  FencedError,
  peerGone,
  peerIdTaken,
  type Touched,
} from './directory.ts';
import { MemoryRoom } from './memory-room.ts';

/** The rooms of a hub, the one touched longest ago first. */
class RoomTable {
  readonly rooms = new Map<RoomId, MemoryRoom>();
  lastEpoch = 0;
}

const tables = new WeakMap<MemoryHub, RoomTable>();

function tableOf(hub: MemoryHub): RoomTable {
  const table = tables.get(hub) ?? new RoomTable();
  tables.set(hub, table);
  return table;
}

export interface MemoryDirectoryOptions {
  hub: MemoryHub;
  /** This process's place on the same hub: what `subscribe` hears through. */
  bus: Bus;
  limits?: Partial<DirectoryLimits>;
  log?: Logger;
}

/** The directory of an embedded cluster. Atomic because no method awaits anything between its check and its change. */
class MemoryDirectory implements Directory {
  readonly #hub: MemoryHub;
  readonly #bus: Bus;
  readonly #table: RoomTable;
  readonly #limits: DirectoryLimits;
  readonly #log: Logger;

  constructor({ hub, bus, limits, log }: MemoryDirectoryOptions) {
    this.#hub = hub;
    this.#bus = bus;
    this.#table = tableOf(hub);
    this.#limits = { ...defaultDirectoryLimits, ...limits };
    this.#log = log ?? silentLogger;
  }

  /** Rooms in memory, those included whose time is over and that nothing has let go yet. */
  get heldRooms(): number {
    return this.#table.rooms.size;
  }

  async enter(id: RoomId, peer: NewPeerRecord, limits: EntryLimits): Promise<Entered> {
    const room = this.#room(id) ?? this.#birth(id, limits);
    if (room.isFenced(peer)) throw new FencedError(id);
    const known = room.peers.get(peer.peerId);
    if (known && known.resumeHash !== limits.shown && known.resumeHash !== peer.resumeHash) throw peerIdTaken();
    const takeover = room.takeover(peer);
    const isFull = room.peers.size - (known ? 1 : 0) >= limits.maxPeers;
    if (!isFull) room.claim(peer);
    const generation = (known?.generation ?? 0) + 1;
    const entry = isFull ? [] : room.enter({ ...peer, generation });
    this.#publish(id, room, [...takeover, ...entry], limits.heard);
    if (isFull) throw new SluiceError('roomFull', 'The room is full.');
    return { epoch: room.epoch, seq: room.seq, generation };
  }

  async take(
    id: RoomId,
    peer: NewPeerRecord,
    from: Owner & Pick<PeerRecord, 'sessionId'>,
    { heard }: Pick<BirthLimits, 'heard'> = {},
  ): Promise<Entered> {
    const room = this.#room(id);
    if (room?.isFenced(peer)) throw new FencedError(id);
    const known = room?.peers.get(peer.peerId);
    if (!room || !known) throw peerGone();
    const { epoch } = room;
    if (isTaken(known, peer)) return { epoch, seq: room.seq, generation: known.generation };
    const { node, boot, sessionId } = from;
    if (!isTaken(known, { ...peer, node, boot, sessionId })) throw peerGone();
    const generation = known.generation + 1;
    const takeover = room.takeover(peer);
    room.claim(peer);
    this.#publish(id, room, [...takeover, ...room.put({ ...peer, generation })], heard);
    return { epoch, seq: room.seq, generation };
  }

  async commit(id: RoomId, owner: Owner, changes: readonly Change[], limits: BirthLimits = {}): Promise<Committed> {
    const births = changes.some((change) => change.type === 'restorePeer');
    const room = this.#room(id) ?? (births ? this.#birth(id, limits) : undefined);
    if (!room) return { epoch: 0, seq: 0, outcomes: changes.map(() => 'missing') };
    if (room.isFenced(owner)) throw new FencedError(id);
    const takeover = room.takeover(owner);
    const made = changes.map((change) => room.apply(owner, change));
    const events = [...takeover, ...made.flatMap((change) => change.events)];
    if (events.length > 0) room.claim(owner);
    this.#publish(id, room, events, limits.heard);
    return { epoch: room.epoch, seq: room.seq, outcomes: made.map(({ outcome }) => outcome) };
  }

  async release(id: RoomId, owner: Owner): Promise<void> {
    const room = this.#room(id);
    if (room) this.#publish(id, room, room.release(owner));
  }

  async fence(id: RoomId, node: NodeId, boot: BootId): Promise<boolean> {
    const room = this.#room(id);
    if (!room || room.isFenced({ node, boot })) return false;
    this.#publish(id, room, room.fence({ node, boot }));
    return true;
  }

  async reap(id: RoomId, peerId: PeerId, owner: Owner, reason: LeaveReason): Promise<boolean> {
    const room = this.#room(id);
    const events = room?.reap(peerId, owner, reason) ?? [];
    if (room) this.#publish(id, room, events);
    return events.length > 0;
  }

  async snapshot(id: RoomId): Promise<RoomSnapshot | undefined> {
    const room = this.#room(id);
    return room && snapshotOf(id, room);
  }

  async eventsAfter(id: RoomId, { epoch, seq }: Position): Promise<EventBatch[] | undefined> {
    const room = this.#room(id);
    if (!room || room.epoch !== epoch || seq > room.seq) return undefined;
    const { keptEvents, keptBytes } = this.#limits;
    const missed = room.kept.filter((kept) => kept.seq + kept.events.length - 1 > seq);
    if (missed.length > keptEvents || sum(missed.map(({ bytes }) => bytes)) > keptBytes) return undefined;
    const batches = missed
      .map((kept) => batchAfter({ epoch, seq: kept.seq, events: kept.events.map(parseEvent) }, seq))
      .filter((batch) => batch !== undefined);
    return seq === room.seq || batches[0]?.seq === seq + 1 ? batches : undefined;
  }

  subscribe(id: RoomId, listener: (batch: EventBatch) => void, onGarbage?: () => void): Promise<Subscription> {
    return subscribeBatches(this.#bus, id, listener, this.#log, onGarbage);
  }

  async touch(owner: Owner, ids: readonly RoomId[]): Promise<Touched> {
    const touched: Touched = { fenced: [], missing: [], found: [] };
    for (const id of ids) {
      const room = this.#room(id);
      if (!room) touched.missing.push(id);
      else if (room.isFenced(owner)) touched.fenced.push(id);
      else {
        this.#touchRoom(id, room, owner);
        const { epoch, seq, peers, producers } = room;
        touched.found.push({ room: id, epoch, seq, peers: peers.size, producers: producers.size });
      }
    }
    return touched;
  }

  #touchRoom(id: RoomId, room: MemoryRoom, owner: Owner): void {
    if (room.peers.size === 0) return;
    const takeover = room.takeover(owner);
    room.claim(owner);
    this.#renew(id, room);
    this.#publish(id, room, takeover);
  }

  /** The room, unless its time is over. */
  #room(id: RoomId): MemoryRoom | undefined {
    this.#hub.assertHere();
    const room = this.#table.rooms.get(id);
    if (!room || room.expiresAt > this.#hub.clock.now()) return room;
    this.#table.rooms.delete(id);
    return undefined;
  }

  #birth(id: RoomId, { heard, atLeastEpoch = heard?.epoch ?? 0 }: BirthLimits): MemoryRoom {
    this.#sweep();
    // The time of day at first: the epochs of a restarted process come after its predecessor's.
    const now = Math.floor(performance.timeOrigin + this.#hub.clock.now());
    const epoch = Math.max(now, this.#table.lastEpoch + 1, atLeastEpoch + 1);
    this.#table.lastEpoch = epoch;
    const room = new MemoryRoom(epoch);
    this.#table.rooms.set(id, room);
    this.#renew(id, room);
    return room;
  }

  /** Rooms whose time is over, as far as they stand in front: each birth pays for those that went before it. */
  #sweep(): void {
    const now = this.#hub.clock.now();
    for (const [id, room] of this.#table.rooms) {
      if (room.expiresAt > now) return;
      this.#table.rooms.delete(id);
    }
  }

  #publish(id: RoomId, room: MemoryRoom, events: readonly RoomEvent[], heard?: Position): void {
    if (events.length === 0) return;
    if (heard?.epoch === room.epoch) room.seq = Math.max(room.seq, heard.seq);
    const texts = events.map((event) => JSON.stringify(event));
    const seq = room.seq + 1;
    room.seq += events.length;
    room.keep({ seq, events: texts, bytes: Buffer.byteLength(texts.join(',')) }, this.#limits);
    this.#renew(id, room);
    this.#tell(channels.room(id), encodeBatch(room.epoch, seq, texts));
  }

  /** What is kept is kept: where the hub is too full to carry the news, and counts it, readers find it in the stream. */
  #tell(channel: string, message: string): void {
    try {
      this.#hub.publish(channel, message);
    } catch (error) {
      this.#log.warn({ error, channel }, 'A batch of room events was not published.');
    }
  }

  /** An empty room's time runs from its last change. */
  #renew(id: RoomId, room: MemoryRoom): void {
    const { rooms } = this.#table;
    room.expiresAt = this.#hub.clock.now() + (room.peers.size > 0 ? this.#limits.roomTtlMs : this.#limits.emptyRoomMs);
    rooms.delete(id);
    rooms.set(id, room);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Whether a peer is in the hands that it should be in: its owner, its session, its token. */
const isTaken = (known: PeerRecord, by: NewPeerRecord): boolean =>
  known.node === by.node &&
  known.boot === by.boot &&
  known.sessionId === by.sessionId &&
  known.resumeHash === by.resumeHash;

const parseEvent = (text: string): RoomEvent => JSON.parse(text) as RoomEvent;

function snapshotOf(room: RoomId, { epoch, seq, peers, producers }: MemoryRoom): RoomSnapshot {
  return structuredClone({ room, epoch, seq, peers: [...peers.values()], producers: [...producers.values()] });
}

export type { MemoryDirectory };

export function createMemoryDirectory(options: MemoryDirectoryOptions): MemoryDirectory {
  return new MemoryDirectory(options);
}
