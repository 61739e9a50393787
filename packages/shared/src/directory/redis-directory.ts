import { readFileSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';
import type { BootId, NodeId, PeerId, RoomId } from '../base/ids.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
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
import type { RedisCommands } from '../redis/redis-commands.ts';
import { batchAfter, decodeEvents, subscribeBatches } from './batch.ts';
import { decodeOutcomes, encodeChange } from './changes.ts';
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
import { roomKeyCount, roomKeys } from './keys.ts';
import {
  decodePeer,
  decodeProducer,
  hashLine,
  ownerToken,
  peerBody,
  peerHead,
  peerLine,
  sessionLine,
} from './records.ts';

/** Scripts, by the name of their file. Those that change a room start with `room.lua`. */
const changing = ['enter', 'take', 'commit', 'release', 'fence', 'reap', 'touch'] as const;
const other = ['snapshot', 'events-after', 'clean'] as const;
type ChangingScript = (typeof changing)[number];
type ScriptName = ChangingScript | (typeof other)[number];

const readLua = (name: string): string => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
const commandName = (script: ScriptName): string => `sluice-${script}`;

/** Rooms whose keys one `touch` has under way at a time. */
const touchesAtOnce = 64;

type SnapshotReply = [epoch: string, seq: number, peers: string[], producers: string[]];
type EnteredReply = ['ok', epoch: string, seq: number, generation: number];

export interface RedisDirectoryOptions {
  commands: RedisCommands;
  /** What `subscribe` hears through. */
  bus: Bus;
  limits?: Partial<DirectoryLimits>;
}

class RedisDirectory implements Directory {
  readonly #commands: RedisCommands;
  readonly #bus: Bus;
  readonly #limits: DirectoryLimits;
  #corrupt = 0;

  constructor({ commands, bus, limits }: RedisDirectoryOptions) {
    this.#commands = commands;
    this.#bus = bus;
    this.#limits = { ...defaultDirectoryLimits, ...limits };
    const common = readLua('room');
    for (const name of changing) commands.define(commandName(name), common + readLua(name), roomKeyCount);
    for (const name of other) commands.define(commandName(name), readLua(name), roomKeyCount);
  }

  /** Records that could not be read and were left out. */
  get corrupt(): number {
    return this.#corrupt;
  }

  async enter(room: RoomId, peer: NewPeerRecord, limits: EntryLimits): Promise<Entered> {
    const reply = (await this.#change('enter', room, peer, limits.heard, [
      peer.peerId,
      peerLine(peer.peerId),
      peerHead(peer),
      hashLine(peer.resumeHash),
      limits.shown === undefined ? '' : hashLine(limits.shown),
      peerBody(peer),
      limits.maxPeers,
      knownEpoch(limits),
    ])) as ['fenced'] | ['full'] | ['taken'] | EnteredReply;
    if (reply[0] === 'fenced') throw new FencedError(room);
    if (reply[0] === 'full') throw new SluiceError('roomFull', 'The room is full.');
    if (reply[0] === 'taken') throw peerIdTaken();
    return decodeEntered(reply);
  }

  async take(
    room: RoomId,
    peer: NewPeerRecord,
    from: Owner & Pick<PeerRecord, 'sessionId'>,
    { heard }: Pick<BirthLimits, 'heard'> = {},
  ): Promise<Entered> {
    const reply = (await this.#change('take', room, peer, heard, [
      peer.peerId,
      peerHead(peer),
      hashLine(peer.resumeHash),
      peerBody(peer),
      ownerToken(from),
      sessionLine(from),
    ])) as ['fenced'] | ['gone'] | EnteredReply;
    if (reply[0] === 'fenced') throw new FencedError(room);
    if (reply[0] === 'gone') throw peerGone();
    return decodeEntered(reply);
  }

  async commit(room: RoomId, owner: Owner, changes: readonly Change[], limits: BirthLimits = {}): Promise<Committed> {
    const births = changes.some((change) => change.type === 'restorePeer');
    const reply = (await this.#change('commit', room, owner, limits.heard, [
      births ? knownEpoch(limits) : '',
      ...changes.flatMap(encodeChange),
    ])) as ['fenced'] | ['none'] | ['ok', string, number, string];
    if (reply[0] === 'fenced') throw new FencedError(room);
    if (reply[0] === 'none') return { epoch: 0, seq: 0, outcomes: changes.map(() => 'missing') };
    return { epoch: Number(reply[1]), seq: reply[2], outcomes: decodeOutcomes(reply[3]) };
  }

  async release(room: RoomId, owner: Owner): Promise<void> {
    await this.#change('release', room, owner);
  }

  async fence(room: RoomId, node: NodeId, boot: BootId): Promise<boolean> {
    return (await this.#change('fence', room, { node, boot })) === 1;
  }

  async reap(room: RoomId, peerId: PeerId, owner: Owner, reason: LeaveReason): Promise<boolean> {
    const args = [peerId, peerLine(peerId), JSON.stringify(reason)];
    return (await this.#change('reap', room, owner, undefined, args)) === 1;
  }

  async snapshot(room: RoomId): Promise<RoomSnapshot | undefined> {
    const reply = (await this.#run('snapshot', room, [])) as SnapshotReply | null;
    return reply ? this.#decodeSnapshot(room, reply) : undefined;
  }

  async eventsAfter(room: RoomId, { epoch, seq }: Position): Promise<EventBatch[] | undefined> {
    const { keptEvents, keptBytes } = this.#limits;
    const reply = (await this.#run('events-after', room, [epoch, seq, keptEvents, keptBytes])) as
      | [number, StreamEntry[]]
      | null;
    if (!reply || seq > reply[0]) return undefined;
    const kept = reply[1].map((entry) => decodeEntry(epoch, entry));
    if (!kept.every((batch) => batch !== undefined)) return undefined;
    const batches = kept.map((batch) => batchAfter(batch, seq)).filter((batch) => batch !== undefined);
    return seq === reply[0] || batches[0]?.seq === seq + 1 ? batches : undefined;
  }

  subscribe(room: RoomId, listener: (batch: EventBatch) => void, onGarbage?: () => void): Promise<Subscription> {
    return subscribeBatches(this.#bus, room, listener, this.#commands.log, onGarbage);
  }

  /** A room that fails keeps no other from being touched. */
  async touch(owner: Owner, rooms: readonly RoomId[]): Promise<Touched> {
    const touched: Touched = { fenced: [], missing: [], found: [] };
    const failures: unknown[] = [];
    for (let start = 0; start < rooms.length; start += touchesAtOnce) {
      const touching = rooms.slice(start, start + touchesAtOnce).map((room) => this.#touch(owner, room, touched));
      for (const result of await Promise.allSettled(touching)) {
        if (result.status === 'rejected') failures.push(result.reason);
      }
    }
    if (failures.length === rooms.length && rooms.length > 0) throw SluiceError.from(failures[0]);
    return touched;
  }

  async #touch(owner: Owner, room: RoomId, touched: Touched): Promise<void> {
    const reply = (await this.#change('touch', room, owner)) as
      | ['fenced']
      | ['missing']
      | ['ok', epoch: string, seq: number, peers: number, producers: number];
    if (reply[0] !== 'ok') touched[reply[0]].push(room);
    else touched.found.push({ room, epoch: Number(reply[1]), seq: reply[2], peers: reply[3], producers: reply[4] });
  }

  #change(
    script: ChangingScript,
    room: RoomId,
    { node, boot }: Owner,
    heard?: Position,
    args: (string | number)[] = [],
  ): Promise<unknown> {
    return this.#run(script, room, [
      this.#commands.cluster ? 'SPUBLISH' : 'PUBLISH',
      this.#limits.keptEvents,
      this.#limits.keptBytes,
      this.#limits.roomTtlMs,
      this.#limits.emptyRoomMs,
      node,
      ownerToken({ node, boot }),
      JSON.stringify({ type: 'sliceFenced', node, boot } satisfies RoomEvent),
      heard?.epoch ?? '',
      heard?.seq ?? 0,
      ...args,
    ]);
  }

  /** A key that a stranger has written with another type would make every script fail: it is deleted. */
  async #run(script: ScriptName, room: RoomId, args: readonly (string | number)[]): Promise<unknown> {
    const keys = roomKeys(room).map((key) => this.#commands.name(key));
    try {
      return await this.#commands.script(commandName(script), [...keys, ...args]);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.#corrupt++;
      this.#commands.log.error({ room, error }, 'A key of a room has been overwritten; it is deleted.');
      await this.#commands.script(commandName('clean'), keys);
      return this.#commands.script(commandName(script), [...keys, ...args]);
    }
  }

  #decodeSnapshot(room: RoomId, [epoch, seq, peers, producers]: SnapshotReply): RoomSnapshot {
    return {
      room,
      epoch: Number(epoch),
      seq,
      peers: this.#decodeAll(room, peers, decodePeer),
      producers: this.#decodeAll(room, producers, decodeProducer),
    };
  }

  /** One spoilt record must not make the whole room unreadable. */
  #decodeAll<T>(room: RoomId, texts: readonly string[], decode: (text: string) => T): T[] {
    return texts.flatMap((text) => {
      try {
        return [decode(text)];
      } catch (error) {
        this.#corrupt++;
        this.#commands.log.error({ room, error }, 'A record in Redis cannot be read; it is left out.');
        return [];
      }
    });
  }
}

const knownEpoch = ({ atLeastEpoch, heard }: BirthLimits): number => atLeastEpoch ?? heard?.epoch ?? 0;

const decodeEntered = ([, epoch, seq, generation]: EnteredReply): Entered => ({
  epoch: Number(epoch),
  seq,
  generation,
});

type StreamEntry = [id: string, fields: string[]];

/** Undefined for an entry that is none of ours. */
function decodeEntry(epoch: number, [, [, first, , texts]]: StreamEntry): EventBatch | undefined {
  const events = decodeEvents(`[${texts}]`);
  const seq = Number(first);
  return events && Number.isInteger(seq) ? { epoch, seq, events } : undefined;
}

function isWrongType(error: unknown): boolean {
  const cause = error instanceof SluiceError ? error.cause : undefined;
  return cause instanceof Error && cause.message.includes('WRONGTYPE');
}

export type { RedisDirectory };

export function createRedisDirectory(options: RedisDirectoryOptions): RedisDirectory {
  return new RedisDirectory(options);
}
