import type { Change, Directory, DirectoryLimits, Outcome } from '../../src/directory/directory.ts';
import type { PeerId, ProducerId, RoomId } from '../../src/base/ids.ts';
import type { EventBatch, Owner, PeerRecord, RoomEvent, RoomSnapshot } from '../../src/protocol/room.ts';
import { eventually } from '../eventually.ts';
import { ownerNamed, peerRecord, producerRecord, roomNamed } from '../records.ts';
import { freshRoomName, type Member, type Rig } from '../rig.ts';

export const roomy = { maxPeers: 1000 };
export const nodeA = ownerNamed('node-a');
export const nodeB = ownerNamed('node-b');

export const peerId = (id: string): PeerId => id as PeerId;
export const producerId = (id: string): ProducerId => id as ProducerId;

export const addProducer = (id: string, peer: PeerRecord): Change => ({
  type: 'addProducer',
  producer: producerRecord(id, peer),
});

export const say = (from: string, payload: Extract<Change, { type: 'message' }>['payload']): Change => ({
  type: 'message',
  from: peerId(from),
  payload,
});

export const remove = (
  id: string,
  reason: Extract<Change, { type: 'removePeer' }>['reason'] = 'left',
  producerIds: readonly string[] = [],
): Change => ({
  type: 'removePeer',
  peerId: peerId(id),
  resumeHash: peerRecord(id, nodeA).resumeHash,
  reason,
  producerIds: producerIds.map(producerId),
});

/** One room, a process that writes to it, and what a listener heard of it. */
export class RoomUnderTest implements AsyncDisposable {
  readonly room: RoomId;
  readonly heard: EventBatch[];
  readonly #member: Member;

  private constructor(room: RoomId, heard: EventBatch[], member: Member) {
    this.room = room;
    this.heard = heard;
    this.#member = member;
  }

  static async open(rig: Rig, limits: Partial<DirectoryLimits> = {}): Promise<RoomUnderTest> {
    const room = roomNamed(freshRoomName());
    const member = await rig.open(limits);
    const heard: EventBatch[] = [];
    await member.directory.subscribe(room, (batch) => heard.push(batch));
    return new RoomUnderTest(room, heard, member);
  }

  get directory(): Directory {
    return this.#member.directory;
  }

  /** Enters, and returns the room as it is then. */
  async enter(id: string, owner: Owner = nodeA): Promise<RoomSnapshot> {
    await this.directory.enter(this.room, peerRecord(id, owner), roomy);
    return this.snapshot();
  }

  take(id: string, owner: Owner, from: PeerRecord = peerRecord(id, nodeA)) {
    return this.directory.take(this.room, peerRecord(id, owner), from);
  }

  /** What became of each change. */
  async outcomes(owner: Owner, ...changes: Change[]): Promise<Outcome[]> {
    return (await this.commit(owner, ...changes)).outcomes;
  }

  commit(owner: Owner, ...changes: Change[]) {
    return this.directory.commit(this.room, owner, changes);
  }

  async snapshot(): Promise<RoomSnapshot> {
    const snapshot = await this.directory.snapshot(this.room);
    if (!snapshot) throw new Error('The room is gone.');
    return snapshot;
  }

  /** The room's events after `seq`, as published; resolves when the last of them was heard. */
  async eventsAfter(seq: number): Promise<RoomEvent[]> {
    const last = (await this.snapshot()).seq;
    await eventually(`event ${last} to be heard`, () => this.#numbered().has(last) || last === seq);
    const numbered = this.#numbered();
    return Array.from({ length: last - seq }, (_, index) => {
      const event = numbered.get(seq + 1 + index);
      if (!event) throw new Error(`Event ${seq + 1 + index} was not heard.`);
      return event;
    });
  }

  #numbered(): Map<number, RoomEvent> {
    return new Map(
      this.heard.flatMap(({ seq, events }) => events.map((event, index) => [seq + index, event] as const)),
    );
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#member[Symbol.asyncDispose]();
  }
}
