import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DirectoryReader, type DirectoryRoom } from '../chaos/audit/directory-room.ts';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { startRedis, type TestRedis } from '../support/redis/redis.ts';
import { eventsOf, type Heard } from '../support/clusters/two-nodes.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

let redis: TestRedis;
let cluster: LocalCluster;
let client: Redis;
let directory: DirectoryReader;

beforeAll(async () => {
  redis = await startRedis();
  cluster = await LocalCluster.start({
    ...{ nodes: 2, gateways: 3, workers: 1, port: 0, host: '127.0.0.1' },
    redisUrl: redis.url,
  });
  client = new Redis(redis.url);
  directory = new DirectoryReader(redis.port);
});

afterAll(async () => {
  directory?.close();
  client?.disconnect();
  await cluster?.stop();
  await redis?.stop();
});

/** What the directory must have again within 5 s, whatever it has lost. */
const healed = { withinMs: 5000, everyMs: 50 };
const heardSoon = { withinMs: 5000, everyMs: 10 };

const join = (gateway: number, node: string, room: string) =>
  RawPeer.join({ url: cluster.urlOf(gateway), node }, room, ['replace']);

/** The room without what every write changes. */
function contentOf({ peers, producers, slices }: DirectoryRoom): unknown {
  const sorted = (records: object[]) => records.map((record) => JSON.stringify(record)).sort();
  return { peers: sorted(peers), producers: sorted(producers), slices: [...slices].sort() };
}

/** Two people on two nodes, by two gateways, each with a camera and a microphone. */
async function call(room: string) {
  const ann = await join(0, 'node-1', room);
  const bob = await join(1, 'node-2', room);
  const heard = { ann: eventsOf(ann), bob: eventsOf(bob) };
  for (const peer of [ann, bob]) for (const kind of ['audio', 'video'] as const) await peer.produce(kind);
  return { ann, bob, heard };
}

const losses = (heard: Heard) =>
  heard.filter(({ type }) => ['peerLeft', 'producerClosed', 'consumerClosed', 'roomClosed'].includes(type));

async function deleteKey(room: string, name: string): Promise<void> {
  for (const key of await client.keys(`*{${room}}:${name}`)) await client.del(key);
}

for (const name of ['meta', 'slices', 'fenced', 'peers', 'producers', 'events']) {
  it(`[DI50] Redis loses the ${name} of a room under a call: all is told again within 5 s, and nobody is thrown out`, async () => {
    const room = newRoom();
    const { ann, bob, heard } = await call(room);
    await using _ = ann;
    await using __ = bob;
    const before = contentOf(await directory.read(room));

    await deleteKey(room, name);
    // Said at once, while it is lost: heard, since the answer says that it was done.
    await ann.ask('sendMessage', { payload: `after ${name}` });
    await eventually('the first message to be heard', () => messages(heard.bob).includes(`after ${name}`), heardSoon);

    await eventually(
      'the directory to be whole',
      async () => expect(contentOf(await directory.read(room))).toEqual(before),
      healed,
    );
    await using eve = await join(2, 'node-1', room);
    const seen = eve.joined.peers.map(({ peerId, producers }) => [peerId, producers.length]);
    expect(seen.sort()).toEqual([[ann.joined.peerId, 2] as const, [bob.joined.peerId, 2] as const].sort());
    const heardByEve = eventsOf(eve);

    const producerId = await bob.produce('video');
    await bob.ask('pauseProducer', { producerId });
    await bob.ask('sendMessage', { payload: 'still here' });
    await bob.ask('closeProducer', { producerId });
    for (const told of [heard.ann, heardByEve]) {
      await eventually(
        'what follows to be heard',
        () => told.some((event) => event.type === 'producerClosed'),
        heardSoon,
      );
      const types = told
        .filter((event) => (event as { producerId?: string }).producerId === producerId)
        .map(({ type }) => type);
      expect(types).toEqual(['producerAdded', 'producerPaused', 'producerClosed']);
      expect(messages(told)).toContain('still here');
    }
    for (const told of [heard.ann, heard.bob]) {
      expect(losses(told).filter((event) => (event as { producerId?: string }).producerId !== producerId)).toEqual([]);
      const joined = told.flatMap((event) =>
        event.type === 'peerJoined' ? [(event as { peerId?: string }).peerId] : [],
      );
      expect(new Set(joined).size).toBe(joined.length);
    }
    expect(await ann.ask('updatePeer', { name: 'Ann' })).toMatchObject({ type: 'ok' });
  });
}

const messages = (heard: Heard) => heard.map((event) => (event as { payload?: unknown }).payload);

it('[DI51] what is said, changed and left while the peers of a room are lost is heard by everyone', async () => {
  const room = newRoom();
  const { ann, bob, heard } = await call(room);
  await using _ = ann;
  await using __ = bob;
  const types = () => heard.bob.map(({ type }) => type);

  await deleteKey(room, 'peers');
  await ann.ask('updatePeer', { name: 'Grace' });
  await eventually('the new name', () => types().includes('peerUpdated'), heardSoon);

  await deleteKey(room, 'peers');
  const producerId = await ann.produce('audio');
  await eventually('the new producer', () => JSON.stringify(heard.bob).includes(producerId), heardSoon);

  await deleteKey(room, 'producers');
  await ann.ask('pauseProducer', { producerId });
  await eventually('the pause', () => types().includes('producerPaused'), heardSoon);

  await deleteKey(room, 'producers');
  await ann.ask('closeProducer', { producerId });
  await eventually('the close', () => types().includes('producerClosed'), heardSoon);

  await deleteKey(room, 'peers');
  await ann.ask('leave', {});
  await eventually('the leave', () => types().includes('peerLeft'), heardSoon);
  expect(types().filter((type) => type === 'peerJoined')).toEqual([]);
  await eventually(
    'the directory to have the other alone',
    async () => expect((await directory.read(room)).peers.map(({ peerId }) => peerId)).toEqual([bob.joined.peerId]),
    healed,
  );
});

it("[DI52] a join under another's id on the same node is refused, and the other's media stays", async () => {
  const room = newRoom();
  await using ann = await join(0, 'node-1', room);
  const heard = eventsOf(ann);
  const producerId = await ann.produce('video');
  await eventually('its own producer to be heard', () => heard.length === 1, heardSoon);
  const { peerId } = ann.joined;
  const url = cluster.urlOf(2);
  for (const fields of [{}, { resumeToken: 'wrong' }]) {
    await expect(RawPeer.join({ url, node: 'node-1' }, room, [], { peerId, ...fields })).rejects.toMatchObject({
      code: 'forbidden',
    });
  }
  const node = cluster.nodes.find(({ owner }) => owner.node === 'node-1');
  // Past the gateway's own look: the node asks the directory before it touches what is there.
  const own = [...(node?.slices.get(room as never)?.peers.values() ?? [])][0];
  const { gateway, features } = own!.record;
  const params = { room, peerId, sessionId: 's_other', gateway, resumeHash: 'other', features, transports: true };
  const asking = node!.endpoint.call(node!.endpoint.inbox, 'joinPeer', params as never, { ttlMs: 2000 });
  await expect(asking).rejects.toMatchObject({ code: 'forbidden' });
  expect(own?.closed).toBe(false);
  expect(node?.slices.get(room as never)?.peers.get(peerId as never)).toBe(own);
  expect(own?.producers.has(producerId as never)).toBe(true);
  expect(heard.map(({ type }) => type)).toEqual(['producerAdded']);

  await using again = await RawPeer.join({ url, node: 'node-1' }, room, [], {
    peerId,
    resumeToken: ann.joined.resumeToken,
  });
  expect(again.joined.peerId).toBe(peerId);
  await eventually('the earlier one to be gone', () => own?.closed === true, heardSoon);
});
