import type { PeerRecord } from '@sluice/shared';
import { expect, test } from 'vitest';
import { settle } from '@sluice/shared/testing';
import { type JoinedSocket, World } from '../support/world.ts';

function recordOf(world: World, { joined }: JoinedSocket): PeerRecord {
  const record = world.node.peers.get(joined.peerId);
  if (!record) throw new Error('No such peer.');
  return record;
}

test("[GW16] a node's notice reaches the one session it is for, as it is and in order", async () => {
  await using world = await World.create();
  const [ann, bob] = await Promise.all([world.gateway.join(), world.gateway.join()]);
  const events = [
    { type: 'consumerClosed', consumerId: 'c', reason: 'producerClosed' },
    { type: 'layersChanged', consumerId: 'c', layers: { spatialLayer: 1, temporalLayer: 2 } },
    { type: 'producerDemand', producerId: 'p', maxSpatialLayer: -1 },
    { type: 'transportClosed', transportId: 't', reason: 'workerDied' },
  ];
  for (const event of events) world.node.notify(recordOf(world, ann), 'demo', event);
  await ann.waitFor('transportClosed');
  expect(ann.frames.slice(-events.length)).toEqual(events);
  expect(bob.of(...events.map(({ type }) => type))).toEqual([]);
});

test('[GW16] a notice for another session, peer or room than is here is dropped and counted', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const record = recordOf(world, ann);
  const event = { type: 'consumerClosed', consumerId: 'c', reason: 'x' };
  world.node.notify({ ...record, sessionId: 's_old' as never }, 'demo', event);
  world.node.notify({ ...record, peerId: 'other' as never }, 'demo', event);
  world.node.notify(record, 'elsewhere', event);
  await settle();
  expect(ann.of('consumerClosed')).toEqual([]);
  expect(await world.gateway.metrics.metrics()).toContain('sfu_gateway_messages_dropped_total{reason="noSession"} 3');
  await ann.ask({ action: 'leave', id: 1 });
  world.node.notify(record, 'demo', event);
  await settle();
  expect(ann.of('consumerClosed')).toEqual([]);
});

test('[GW16] one notice that names several sessions reaches each of them, and no other', async () => {
  await using world = await World.create();
  const everyone = await Promise.all([world.gateway.join(), world.gateway.join(), world.gateway.join()]);
  const [ann, bob, eve] = everyone as [JoinedSocket, JoinedSocket, JoinedSocket];
  const event = { type: 'transportClosed', transportId: 't', reason: 'workerLost' };
  world.node.notifyAll([recordOf(world, ann), recordOf(world, bob)], 'demo', event);
  await Promise.all([ann.waitFor('transportClosed'), bob.waitFor('transportClosed')]);
  expect(eve.of('transportClosed')).toEqual([]);
});

test('[GW16] garbage on the inbox harms nobody', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const { address } = world.gateway.switchboard;
  const notice = (body: unknown) => JSON.stringify({ type: 'notices', notices: [{ topic: 'peerEvent', body }] });
  const bodies = [null, { room: 1 }, { room: 'demo', event: 3 }, { room: 'demo', sessions: [], event: { type: 'x' } }];
  for (const text of ['', '{', 'null', '{"type":"notices"}', ...bodies.map(notice)]) {
    world.hub.publish(address, text);
  }
  await settle();
  expect((await ann.ask({ action: 'updatePeer', id: 1 })).type).toBe('ok');
});
