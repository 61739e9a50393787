import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { roomKeys } from '../../packages/shared/src/directory/keys.ts';
import { eventually, ownerNamed, peerRecord, producerRecord, roomNamed } from '../../packages/shared/testing/index.ts';
import { startRedis } from '../support/redis.ts';
import { openMember } from '../support/rigs.ts';

const roomy = { maxPeers: 10 };
const owner = ownerNamed('node-a');
const peer = peerRecord('p1', owner);

test("[DI24] a room's keys share its hash tag, all of them expire, and none is left when it has gone", async () => {
  await using redis = await startRedis();
  await using member = await openMember({ url: redis.url }, { emptyRoomMs: 50, roomTtlMs: 60_000 });
  const client = new Redis(redis.url);
  const room = roomNamed('keys');
  const { directory } = member;
  const others = ownerNamed('node-b');
  await directory.enter(room, peer, roomy);
  await directory.enter(room, peerRecord('p2', others), roomy);
  await directory.commit(room, owner, [{ type: 'addProducer', producer: producerRecord('x', peer) }]);
  await directory.fence(room, others.node, others.boot);
  const keys = (await client.keys('*')).toSorted();
  expect(keys).toEqual(roomKeys(room).slice(0, -1).toSorted());
  expect(keys.every((key) => key.includes('{keys}'))).toBe(true);
  for (const key of keys) expect(await client.pttl(key), key).toBeGreaterThan(30_000);

  expect(await directory.reap(room, peerRecord('p2', others).peerId, others, 'nodeLost')).toBe(true);
  const producerIds = [producerRecord('x', peer).producerId];
  await directory.commit(room, owner, [{ type: 'removePeer', peerId: peer.peerId, reason: 'left', producerIds }]);
  await directory.release(room, owner);
  // Late fences and writes to an empty room must not leave a key without an expiry.
  await directory.fence(room, ownerNamed('node-c').node, ownerNamed('node-c').boot);
  await eventually('every key to go', async () => (await client.dbsize()) === 0);
  client.disconnect();
});

test('[DI25] a record that cannot be read is left out', async () => {
  await using redis = await startRedis();
  await using member = await openMember({ url: redis.url });
  const client = new Redis(redis.url);
  const room = roomNamed('spoilt');
  await member.directory.enter(room, peer, roomy);
  const [, , , peers = '', producers = ''] = roomKeys(room);
  await client.hset(peers, 'ghost', 'not a record');
  await client.hset(producers, 'ghost', '{"half":');
  expect(await member.directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [] });
  await member.directory.fence(room, owner.node, owner.boot);
  expect(await member.directory.snapshot(room)).toMatchObject({ peers: [peer], producers: [] });
  expect(await member.directory.reap(room, peer.peerId, owner, 'nodeLost')).toBe(true);
  expect((await member.directory.snapshot(room))?.peers).toEqual([]);
  client.disconnect();
});
