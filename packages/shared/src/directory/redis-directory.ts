import { readFileSync } from 'node:fs';
import type { Bus, Subscription } from '../bus/bus.ts';
import { SluiceError } from '../base/errors.ts';
import type { BootId, NodeId, PeerId, RoomId } from '../base/ids.ts';
import type { EventBatch, LeaveReason, Owner, PeerRecord, RoomEvent, RoomSnapshot } from '../protocol/room.ts';
import type { RedisCommands } from '../redis/redis-commands.ts';
import { batchAfter, subscribeBatches } from './batch.ts';
import { encodeChange } from './changes.ts';
import {
  type BirthLimits,
  type Change,
  type Directory,
  type DirectoryLimits,
  defaultDirectoryLimits,
  FencedError,
  type Position,
  type Touched,
} from './directory.ts';
import { roomKeyCount, roomKeys } from './keys.ts';
import { decodePeer, decodeProducer, encodePeer, ownerToken, peerLine } from './records.ts';

/** Scripts, by the name of their file. Those that change a room start with `room.lua`. */
const changing = ['enter', 'commit', 'release', 'fence', 'reap', 'touch'] as const;
const reading = ['snapshot', 'events-after'] as const;
type ChangingScript = (typeof changing)[number];
type ScriptName = ChangingScript | (typeof reading)[number];

const readLua = (name: string): string => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
const commandName = (script: ScriptName): string => `sluice-${script}`;

/** Rooms whose keys one `touch` has under way at a time. */
const touchesAtOnce = 64;

type SnapshotReply = [epoch: string, seq: number, peers: string[], producers: string[]];

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
    for (const name of reading) commands.define(commandName(name), readLua(name), roomKeyCount);
  }

  /** Records that could not be read and were left out. */
  get corrupt(): number {
    return this.#corrupt;
  }

  async enter(room: RoomId, peer: PeerRecord, limits: { maxPeers: number } & BirthLimits): Promise<RoomSnapshot> {
    const reply = (await this.#change('enter', room, peer, [
      peer.peerId,
      peerLine(peer.peerId),
      encodePeer(peer),
      JSON.stringify({ type: 'peerJoined', peer } satisfies RoomEvent),
      limits.maxPeers,
      knownEpoch(limits),
      ...heardArgs(limits),
    ])) as ['fenced'] | ['full'] | ['ok', ...SnapshotReply];
    if (reply[0] === 'fenced') throw new FencedError(room);
    if (reply[0] === 'full') throw new SluiceError('roomFull', 'The room is full.');
    const [, ...snapshot] = reply;
    return this.#decodeSnapshot(room, snapshot);
  }

  async commit(room: RoomId, owner: Owner, changes: readonly Change[], limits: BirthLimits = {}): Promise<Position> {
    const births = changes.some((change) => change.type === 'restorePeer');
    const reply = (await this.#change('commit', room, owner, [
      births ? knownEpoch(limits) : '',
      ...heardArgs(limits),
      ...changes.flatMap((change) => encodeChange(owner, change)),
    ])) as ['fenced'] | ['none'] | ['ok', string, number];
    if (reply[0] === 'fenced') throw new FencedError(room);
    if (reply[0] === 'none') return { epoch: 0, seq: 0 };
    return { epoch: Number(reply[1]), seq: reply[2] };
  }

  async release(room: RoomId, owner: Owner): Promise<void> {
    await this.#change('release', room, owner);
  }

  async fence(room: RoomId, node: NodeId, boot: BootId): Promise<boolean> {
    return (await this.#change('fence', room, { node, boot })) === 1;
  }

  async reap(room: RoomId, peerId: PeerId, owner: Owner, reason: LeaveReason): Promise<boolean> {
    return (await this.#change('reap', room, owner, [peerId, peerLine(peerId), JSON.stringify(reason)])) === 1;
  }

  async snapshot(room: RoomId): Promise<RoomSnapshot | undefined> {
    const reply = (await this.#run('snapshot', room, [])) as SnapshotReply | null;
    return reply ? this.#decodeSnapshot(room, reply) : undefined;
  }

  async eventsAfter(room: RoomId, { epoch, seq }: Position): Promise<EventBatch[] | undefined> {
    type Entry = [id: string, fields: ['seq', string, 'events', string]];
    const reply = (await this.#run('events-after', room, [epoch, seq, this.#limits.keptEvents])) as
      | [number, Entry[]]
      | null;
    if (!reply || seq > reply[0]) return undefined;
    const batches = reply[1]
      .map(([, [, first, , events]]) => ({
        epoch,
        seq: Number(first),
        events: JSON.parse(`[${events}]`) as RoomEvent[],
      }))
      .map((batch) => batchAfter(batch, seq))
      .filter((batch) => batch !== undefined);
    return seq === reply[0] || batches[0]?.seq === seq + 1 ? batches : undefined;
  }

  subscribe(room: RoomId, listener: (batch: EventBatch) => void, onGarbage?: () => void): Promise<Subscription> {
    return subscribeBatches(this.#bus, room, listener, this.#commands.log, onGarbage);
  }

  async touch(owner: Owner, rooms: readonly RoomId[]): Promise<Touched> {
    const touched: Touched = { fenced: [], missing: [] };
    for (let start = 0; start < rooms.length; start += touchesAtOnce) {
      const some = rooms.slice(start, start + touchesAtOnce);
      const replies = await Promise.all(some.map((room) => this.#change('touch', room, owner)));
      touched.fenced.push(...some.filter((_, index) => replies[index] === 'fenced'));
      touched.missing.push(...some.filter((_, index) => replies[index] === 'missing'));
    }
    return touched;
  }

  #change(script: ChangingScript, room: RoomId, owner: Owner, args: (string | number)[] = []): Promise<unknown> {
    const { node, boot } = owner;
    return this.#run(script, room, [
      this.#commands.cluster ? 'SPUBLISH' : 'PUBLISH',
      this.#limits.keptEvents,
      this.#limits.roomTtlMs,
      this.#limits.emptyRoomMs,
      node,
      ownerToken(owner),
      JSON.stringify({ type: 'sliceFenced', node, boot } satisfies RoomEvent),
      ...args,
    ]);
  }

  #run(script: ScriptName, room: RoomId, args: readonly (string | number)[]): Promise<unknown> {
    return this.#commands.script(commandName(script), [...roomKeys(room), ...args]);
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

  /** One record that somebody else spoilt must not take the room from everybody. */
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
const heardArgs = ({ heard }: BirthLimits) => [heard?.epoch ?? '', heard?.seq ?? 0];

export type { RedisDirectory };

export function createRedisDirectory(options: RedisDirectoryOptions): RedisDirectory {
  return new RedisDirectory(options);
}
