import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change, Directory } from '../../packages/shared/src/directory/directory.ts';
import type { PeerId, ProducerId, RoomId } from '../../packages/shared/src/base/ids.ts';
import type { Json } from '../../packages/shared/src/protocol/fields.ts';
import type { EventBatch, Owner, RoomSnapshot } from '../../packages/shared/src/protocol/room.ts';
import { eventually, ownerNamed, peerRecord, producerRecord, roomNamed } from '../../packages/shared/testing/index.ts';
import { freshRoomName, type Member, type Rig } from '../../packages/shared/testing/rig.ts';
import { memoryRig, redisRig } from '../support/clusters/rigs.ts';

/** One call, the same for both twins, and what a counterexample says of it. */
interface Call {
  what: string;
  run(directory: Directory, room: RoomId, epoch: number): Promise<unknown>;
}

const describe = (name: string, ...details: unknown[]): string =>
  `${name} ${details.map((d) => JSON.stringify(d)).join(' ')}`;

// Two nodes, one of them in two boots; few ids, so that calls meet each other.
const owners = [ownerNamed('a', 'one'), ownerNamed('a', 'two'), ownerNamed('b')];
const owner = fc.constantFrom(...owners);
const peerIds = ['p1', 'p2', 'p3', 'p4'] as PeerId[];
const peerId = fc.constantFrom(...peerIds);
const producerIds = ['x1', 'x2', 'x3', 'x4', 'x5'] as ProducerId[];
const producerId = fc.constantFrom(...producerIds);

// Two tokens a peer might have, so that its holder and a stranger meet.
const hash = fc.constantFrom('hash-one', 'hash-two');
const generation = fc.integer({ min: 1, max: 4 });

const change = (by: Owner): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.record({ id: producerId, peer: peerId, paused: fc.boolean() }).map(({ id, peer, paused }) => ({
      type: 'addProducer' as const,
      producer: producerRecord(id, { ...by, peerId: peer }, { paused }),
    })),
    fc.record({ type: fc.constant('removeProducer' as const), producerId }),
    fc.record({ type: fc.constant('removeProducer' as const), producerId, reason: fc.string({ maxLength: 5 }) }),
    fc.record({ type: fc.constant('setProducerPaused' as const), producerId, paused: fc.boolean() }),
    fc.record({ id: peerId, resumeHash: hash, name: fc.constantFrom('Ada', 'Grace') }).map(({ id, ...fields }) => ({
      type: 'updatePeer' as const,
      peer: peerRecord(id, by, fields),
    })),
    fc.record({ id: producerId, peer: peerId }).map(({ id, peer }) => ({
      type: 'restoreProducer' as const,
      producer: producerRecord(id, { ...by, peerId: peer }),
    })),
    fc.record({
      type: fc.constant('removePeer' as const),
      peerId,
      resumeHash: hash,
      reason: fc.constantFrom('left' as const, 'kicked' as const),
      producerIds: fc.uniqueArray(producerId),
    }),
    fc.record({
      type: fc.constant('message' as const),
      from: peerId,
      payload: fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
    }),
  );

const restored = fc.record({ id: peerId, generation, resumeHash: hash });

const commit = owner.chain((by) =>
  fc
    .record({ changes: fc.array(change(by), { maxLength: 5 }), peer: fc.option(restored, { freq: 4 }) })
    .map(({ changes, peer }): Call => {
      const restore: Change[] = peer ? [{ type: 'restorePeer', peer: peerRecord(peer.id, by, without(peer)) }] : [];
      const all = [...restore, ...changes];
      return { what: describe('commit', by, all), run: (directory, room) => directory.commit(room, by, all) };
    }),
);

const without = ({ id: _, ...fields }: { id: PeerId; generation: number; resumeHash: string }) => fields;

const enter = fc
  .record({
    id: peerId,
    by: owner,
    maxPeers: fc.integer({ min: 1, max: 4 }),
    resumeHash: hash,
    shown: fc.option(hash, { nil: undefined }),
  })
  .map(
    ({ id, by, resumeHash, ...limits }): Call => ({
      what: describe('enter', id, by, resumeHash, limits),
      run: (directory, room) => directory.enter(room, peerRecord(id, by, { resumeHash }), limits),
    }),
  );

const take = fc
  .record({
    id: peerId,
    by: owner,
    from: owner,
    resumeHash: hash,
    session: fc.constantFrom({}, { sessionId: 's_before' }),
  })
  .map(
    ({ id, by, from, resumeHash, session }): Call => ({
      what: describe('take', id, by, from, resumeHash, session),
      run: (directory, room) =>
        directory.take(room, peerRecord(id, by, { resumeHash }), { ...peerRecord(id, from), ...(session as object) }),
    }),
  );

const ofOwner = (
  name: string,
  run: (directory: Directory, room: RoomId, by: Owner) => Promise<unknown>,
): fc.Arbitrary<Call> =>
  owner.map((by) => ({ what: describe(name, by), run: (directory, room) => run(directory, room, by) }));

const eventsAfter = fc.nat(30).map(
  (seq): Call => ({
    what: describe('eventsAfter', seq),
    run: (directory, room, epoch) => directory.eventsAfter(room, { epoch, seq }),
  }),
);

const snapshot: Call = { what: 'snapshot', run: (directory, room) => directory.snapshot(room) };

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: enter },
  { weight: 2, arbitrary: take },
  { weight: 8, arbitrary: commit },
  { weight: 1, arbitrary: ofOwner('release', (directory, room, by) => directory.release(room, by)) },
  { weight: 1, arbitrary: ofOwner('fence', (directory, room, { node, boot }) => directory.fence(room, node, boot)) },
  { weight: 1, arbitrary: ofOwner('touch', (directory, room, by) => directory.touch(by, [room])) },
  { weight: 1, arbitrary: fc.constant(snapshot) },
  { weight: 3, arbitrary: eventsAfter },
);

const byId = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** What a twin answered, but for its epoch, which is its own, and for the order of sets. */
function comparable(answer: unknown): unknown {
  if (answer === undefined || answer === null || typeof answer !== 'object') return answer;
  if (Array.isArray(answer)) return answer.map(comparable);
  const { epoch: _, ...rest } = answer as Partial<RoomSnapshot>;
  if ('found' in rest) return { ...rest, found: comparable(rest.found) };
  if ('room' in rest && !Array.isArray(rest.peers)) return { ...rest, room: undefined };
  if (!Array.isArray(rest.peers) || !Array.isArray(rest.producers)) return rest;
  return { ...rest, peers: rest.peers.toSorted(byId), producers: rest.producers.toSorted(byId) };
}

async function outcome(run: Promise<unknown>): Promise<unknown> {
  try {
    return comparable(await run);
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    return { refused: code ?? name };
  }
}

/** A twin in a room of its own. */
class Twin {
  readonly #directory: Directory;
  readonly #room: RoomId;
  readonly #heard: EventBatch[] = [];

  constructor(directory: Directory, room: RoomId) {
    this.#directory = directory;
    this.#room = room;
  }

  async listen(): Promise<void> {
    await this.#directory.subscribe(this.#room, (batch) => this.#heard.push(batch));
  }

  async answer(what: Call): Promise<unknown> {
    const now = await this.#directory.snapshot(this.#room);
    return outcome(what.run(this.#directory, this.#room, now?.epoch ?? 0));
  }

  /** All that was published, once the last of it was heard. */
  async stream(): Promise<unknown> {
    const last = (await this.#directory.snapshot(this.#room))?.seq ?? 0;
    await eventually(`event ${last}`, () => {
      const batch = this.#heard.at(-1);
      return (batch ? batch.seq + batch.events.length - 1 : 0) === last;
    });
    return comparable(this.#heard);
  }
}

let rigs: Rig[] = [];
let members: Member[] = [];

beforeAll(async () => {
  rigs = [await memoryRig(), await redisRig()];
  members = await Promise.all(rigs.map((rig) => rig.open({ keptEvents: 5, keptBytes: 1500 })));
});
afterAll(async () => {
  for (const closing of [...members, ...rigs]) await closing[Symbol.asyncDispose]();
});

test('[DI22] the memory directory and Redis answer any sequence of calls alike', async () => {
  const alike = fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40, size: 'max' }), async (calls) => {
    const room = roomNamed(freshRoomName());
    const [memory, redis] = members.map((member) => new Twin(member.directory, room)) as [Twin, Twin];
    await Promise.all([memory.listen(), redis.listen()]);
    for (const [index, what] of calls.entries()) {
      expect(await redis.answer(what), `answer ${index}`).toEqual(await memory.answer(what));
    }
    expect(await redis.stream()).toEqual(await memory.stream());
  });
  const seed = process.env['SLUICE_SEED'];
  await fc.assert(alike, { numRuns: 150, ...(seed !== undefined && { seed: Number(seed) }) });
}, 120_000);
