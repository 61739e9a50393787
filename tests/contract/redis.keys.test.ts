import type { RoomId } from '@sluice/shared';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { readRedisTarget } from '../../packages/shared/src/redis/redis-target.ts';
import { roomKeys } from '../../packages/shared/src/directory/keys.ts';
import { eventually, ownerNamed, peerRecord, producerRecord, roomNamed } from '../../packages/shared/testing/index.ts';
import { startRedis } from '../support/redis/redis.ts';
import { openMember } from '../support/clusters/rigs.ts';

const roomy = { maxPeers: 10 };
const owner = ownerNamed('node-a');
const peer = peerRecord('p1', owner);
const keysOnRedis = (room: RoomId) => roomKeys(room).map((key) => `sluice:${key}`);

test("[DI24] a room's keys share its hash tag, all of them expire, and none is left when it has gone", async () => {
  await using redis = await startRedis();
  await using member = await openMember(readRedisTarget(redis.url), { emptyRoomMs: 50, roomTtlMs: 60_000 });
  const client = new Redis(redis.url);
  const room = roomNamed('keys');
  const { directory } = member;
  const others = ownerNamed('node-b');
  await directory.enter(room, peer, roomy);
  await directory.enter(room, peerRecord('p2', others), roomy);
  await directory.commit(room, owner, [{ type: 'addProducer', producer: producerRecord('x', peer) }]);
  await directory.fence(room, others.node, others.boot);
  const keys = (await client.keys('*')).toSorted();
  expect(keys).toEqual(keysOnRedis(room).slice(0, -1).toSorted());
  expect(keys.every((key) => key.includes('{keys}'))).toBe(true);
  for (const key of keys) expect(await client.pttl(key), key).toBeGreaterThan(30_000);

  expect(await directory.reap(room, peerRecord('p2', others).peerId, others, 'nodeLost')).toBe(true);
  const producerIds = [producerRecord('x', peer).producerId];
  const { peerId, resumeHash } = peer;
  await directory.commit(room, owner, [{ type: 'removePeer', peerId, resumeHash, reason: 'left', producerIds }]);
  await directory.release(room, owner);
  // Late fences and writes to an empty room must not leave a key without an expiry.
  await directory.fence(room, ownerNamed('node-c').node, ownerNamed('node-c').boot);
  await eventually('every key to go', async () => (await client.dbsize()) === 0);
  client.disconnect();
});

test('[DI25] a record that cannot be read is left out', async () => {
  await using redis = await startRedis();
  await using member = await openMember(readRedisTarget(redis.url));
  const client = new Redis(redis.url);
  const room = roomNamed('spoilt');
  await member.directory.enter(room, peer, roomy);
  const [, , , peers = '', producers = ''] = keysOnRedis(room);
  await client.hset(peers, 'ghost', 'not a record');
  await client.hset(producers, 'ghost', '{"half":');
  expect(await member.directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [] });
  await member.directory.fence(room, owner.node, owner.boot);
  expect(await member.directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [] });
  expect(await member.directory.reap(room, peer.peerId, owner, 'nodeLost')).toBe(true);
  expect((await member.directory.snapshot(room))?.peers).toEqual([]);
  client.disconnect();
});

test('[DI33] what a room keeps for readers is bounded in bytes, and the newest of it is there', async () => {
  await using redis = await startRedis();
  await using member = await openMember(readRedisTarget(redis.url), { keptBytes: 50_000 });
  const client = new Redis(redis.url);
  const room = roomNamed('talk');
  const { epoch } = await member.directory.enter(room, peer, roomy);
  const [, , , , , events = ''] = keysOnRedis(room);
  let most = 0;
  for (let count = 0; count < 200; count++) {
    const payload = 'x'.repeat(4000);
    const { seq } = await member.directory.commit(room, owner, [{ type: 'message', from: peer.peerId, payload }]);
    const entries = await client.xrange(events, '-', '+');
    most = Math.max(most, entries.flatMap(([, fields]) => fields).join('').length);
    const missed = await member.directory.eventsAfter(room, { epoch, seq: Math.max(1, seq - 10) });
    expect(missed).toHaveLength(Math.min(10, seq - 1));
  }
  expect(most).toBeGreaterThan(50_000);
  expect(most).toBeLessThan(110_000);
  client.disconnect();
});

const garbage: Record<string, (client: Redis, key: string) => Promise<unknown>> = {
  'a text in its place': (client, key) => client.set(key, 'garbage'),
  'a list in its place': async (client, key) => client.rpush(key, 'garbage'),
};

for (const [index, key] of ['meta', 'slices', 'fenced', 'peers', 'producers', 'events'].entries()) {
  for (const [what, write] of Object.entries(garbage)) {
    test(`[DI34] a room whose ${key} has ${what} takes writes and readers again`, async () => {
      await using redis = await startRedis();
      await using member = await openMember(readRedisTarget(redis.url));
      const client = new Redis(redis.url);
      const room = roomNamed('spoilt');
      const { directory } = member;
      await directory.enter(room, peer, roomy);
      const name = keysOnRedis(room)[index] as string;
      await client.del(name);
      await write(client, name);
      await directory.touch(owner, [room]);
      await directory.commit(room, owner, [
        { type: 'restorePeer', peer },
        { type: 'restoreProducer', producer: producerRecord('x', peer) },
      ]);
      expect(await directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [{ producerId: 'x' }] });
      expect(await directory.enter(room, peerRecord('p2', ownerNamed('node-b')), roomy)).toMatchObject({
        generation: 1,
      });
      expect(await client.type(name)).not.toMatch(/string|list/);
      client.disconnect();
    });
  }
}

test('[DI34] unreadable fields of a room are as good as none, and are written over', async () => {
  await using redis = await startRedis();
  await using member = await openMember(readRedisTarget(redis.url));
  const client = new Redis(redis.url);
  const room = roomNamed('spoilt');
  const { directory } = member;
  const { epoch, seq } = await directory.enter(room, peer, roomy);
  const [meta = '', slices = '', , peers = '', producers = '', events = ''] = keysOnRedis(room);
  await client.hset(peers, peer.peerId, 'garbage');
  await client.hset(producers, 'x', 'garbage', 'y', 'null');
  await client.hset(slices, owner.node, 'garbage');
  await client.xadd(events, `${epoch + 1}-1`, 'a', 'b');
  const back = [
    { type: 'restorePeer' as const, peer },
    { type: 'restoreProducer' as const, producer: producerRecord('x', peer) },
  ];
  expect(await directory.commit(room, owner, back)).toMatchObject({ epoch, outcomes: ['done', 'done'] });
  expect(await directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [{ producerId: 'x' }] });
  expect(await directory.eventsAfter(room, { epoch, seq: seq + 1 })).toMatchObject([{ seq: seq + 2 }]);
  await client.xadd(events, '*', 'seq', 'none', 'events', '{');
  expect(await directory.eventsAfter(room, { epoch, seq })).toBeUndefined();
  for (const [field, value] of [
    ['epoch', 'garbage'],
    ['seq', 'garbage'],
  ] as const) {
    await client.hset(meta, field, value);
    expect(await directory.touch(owner, [room])).toMatchObject({ missing: [room] });
    expect((await directory.commit(room, owner, back)).epoch).toBeGreaterThan(epoch);
    expect((await directory.snapshot(room))?.peers).toEqual([peer]);
  }
  client.disconnect();
});
