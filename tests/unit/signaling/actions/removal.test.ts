import type { PeerId } from '@sluice/shared';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ManualClock, settle } from '@sluice/shared/testing';
import { demo, type JoinedSocket, World } from '../support/world.ts';

/** The id of a peer, with what proves that it is the joiner's own. */
const own = ({ joined }: JoinedSocket) => ({ peerId: joined.peerId, resumeToken: joined['resumeToken'] });

test('[GW13] a peer that joins again elsewhere with its token closes its old connection with 4504', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const watcher = await world.gateway.join();
  const old = await world.gateway.join({ peerId: 'ann' });
  const fresh = await other.join(own(old));
  await eventually(() => old.closedWith === 4504);
  expect(old.of('peerLeft')).toMatchObject([{ peerId: 'ann', reason: 'replaced' }]);
  expect(watcher.events.slice(-2).map(({ type, peerId }) => [type, peerId])).toEqual([
    ['peerLeft', 'ann'],
    ['peerJoined', 'ann'],
  ]);
  await settle();
  expect(world.node.called('leavePeer')).toEqual([]);
  expect(fresh.closedWith).toBeUndefined();
  expect((await fresh.ask({ action: 'updatePeer', name: 'Ann', id: 1 })).type).toBe('ok');
});

test('[GW13] the same on one gateway: the new session stays, and hears what follows', async () => {
  await using world = await World.create();
  const old = await world.gateway.join({ peerId: 'ann' });
  const fresh = await world.gateway.join(own(old));
  await eventually(() => old.closedWith === 4504);
  expect(fresh.joined['peers']).toEqual([]);
  await fresh.ask({ action: 'sendMessage', payload: 1, id: 1 });
  await fresh.waitFor('message');
  expect(fresh.of('peerLeft')).toEqual([]);
  expect(old.of('message')).toEqual([]);
  expect(world.gateway.switchboard.seats.size).toBe(1);
});

test('[GW13] a replacement that was only seen in a snapshot closes the old connection too', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const old = await world.gateway.join({ peerId: 'ann' });
  world.gateway.bus.hears = (channel) => !channel.includes('room');
  const fresh = await other.join(own(old));
  const owner = { node: world.node.id, boot: world.node.boot };
  for (let index = 0; index < 1100; index++) {
    await world.directory.commit(demo, owner, [{ type: 'message', from: 'ann' as PeerId, payload: index }]);
  }
  world.gateway.bus.hears = () => true;
  await fresh.ask({ action: 'sendMessage', payload: 'now', id: 1 });
  await eventually(() => old.closedWith === 4504);
});

for (const [reason, code] of [['kicked', 4501]] as const) {
  test(`[GW13] a peer that was ${reason} is told so, and its connection closed with ${code}`, async () => {
    await using world = await World.create();
    const ann = await world.gateway.join();
    const owner = { node: world.node.id, boot: world.node.boot };
    const peerId = ann.joined.peerId as PeerId;
    const { resumeHash } = world.node.peers.get(peerId)!;
    await world.directory.commit(demo, owner, [{ type: 'removePeer', peerId, resumeHash, reason, producerIds: [] }]);
    await eventually(() => ann.closedWith === code);
    expect(ann.of('peerLeft')).toMatchObject([{ peerId, reason }]);
    await settle();
    expect(world.node.called('leavePeer')).toEqual([]);
    expect(world.gateway.switchboard.rooms.size).toBe(0);
  });
}

test('[GW13] a closed room closes everyone with 4502, after the event that says so', async () => {
  await using world = await World.create();
  const [ann, bob] = await Promise.all([world.gateway.join(), world.gateway.join()]);
  const seq = Math.max(ann.joined.seq, bob.joined.seq) + 1;
  const batch = { epoch: ann.joined.epoch, seq, events: [{ type: 'roomClosed', reason: 'over' }] };
  world.hub.publish('room:{demo}', JSON.stringify(batch));
  for (const socket of [ann, bob]) {
    await eventually(() => socket.closedWith === 4502);
    expect(socket.events.at(-1)).toMatchObject({ type: 'roomClosed', reason: 'over', seq });
  }
});

test('[GW30] a session whose node was killed is moved within a second, and nobody leaves', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ node: 'node-1' });
  const bob = await world.gateway.join({ node: 'node-2' });
  await world.node.die();
  await clock.advance(1500);
  expect(await ann.waitFor('move')).toMatchObject({ reason: 'nodeLost', deadlineMs: 0 });
  expect(bob.of('peerUpdated')).toMatchObject([{ peerId: ann.joined.peerId, node: 'node-2' }]);
  expect([...ann.of('peerLeft'), ...bob.of('peerLeft')]).toEqual([]);
  expect((await ann.ask({ action: 'updatePeer', name: 'Ann', id: 1 })).type).toBe('ok');
  expect((await ann.ask({ action: 'moved', id: 2 })).type).toBe('ok');
  expect(ann.closedWith).toBeUndefined();
});

test('[GW30] what was on its way to a node that was killed ends at once', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ node: 'node-1' });
  world.node.on('getStats', () => new Promise(() => undefined));
  const stuck = ann.ask({ action: 'getStats', transportId: 'any', id: 1 });
  await settle();
  await world.node.die();
  await clock.advance(500);
  expect(await stuck).toMatchObject({ type: 'error', code: 'nodeUnavailable', temporary: true });
  expect((await ann.ask({ action: 'updatePeer', name: 'Ann', id: 2 })).type).toBe('ok');
});

test('[GW30] what is asked of a lost node while its peer is moved ends when that is done', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ node: 'node-1' });
  world.node.on('getStats', () => new Promise(() => undefined));
  const next = world.nodes[1]!;
  const gate = Promise.withResolvers<void>();
  next.on('joinPeer', async (params) => {
    await gate.promise;
    return next.answer('joinPeer', params);
  });
  // Frozen: its inbox still stands.
  world.gateway.bus.hears = (channel, message) => channel !== 'registry' || !message.includes('"node-1"');
  await eventually(async () => {
    await clock.advance(100);
    return next.called('joinPeer').length === 1;
  });
  const stuck = ann.ask({ action: 'getStats', transportId: 'any', id: 1 });
  await settle();
  gate.resolve();
  expect(await stuck).toMatchObject({ type: 'error', code: 'nodeUnavailable' });
  expect(ann.of('move')).toHaveLength(1);
});

test('[GW15] a node that falls silent is fenced when its lease is over, and one that is heard is not', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ node: 'node-1' });
  const bob = await world.gateway.join({ node: 'node-2' });
  world.gateway.bus.hears = (channel, message) => channel !== 'registry' || !message.includes('"node-1"');
  await clock.advance(1500);
  expect(bob.of('peerUpdated')).toEqual([]);
  await clock.advance(2500);
  expect(bob.of('peerUpdated')).toMatchObject([{ peerId: ann.joined.peerId, node: 'node-2' }]);
  expect(bob.of('peerLeft')).toEqual([]);
});

test('[GW15] an orphan that no node takes is taken out in the end', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  await world.node.stop();
  await clock.advance(10_000);
  expect(ann.of('peerLeft')).toEqual([]);
  await clock.advance(40_000);
  expect(await ann.waitFor('peerLeft')).toMatchObject({ reason: 'nodeLost' });
  expect(ann.closedWith).toBeUndefined();
  expect((await world.directory.snapshot(demo))?.peers ?? []).toEqual([]);
});

test('[GW15] a gateway that hears nobody, itself neither, fences nobody', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.gateway.bus.hears = (channel) => channel !== 'registry';
  await clock.advance(20_000);
  world.gateway.bus.hears = () => true;
  await clock.advance(5000);
  expect(ann.of('peerLeft')).toEqual([]);
  expect(await ann.ask({ action: 'updatePeer', name: 'here', id: 1 })).toMatchObject({ type: 'ok' });
});

test('[GW15] a deaf gateway does not take a node for dead that it has never heard of', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const other = await world.addGateway({ ALLOW_NODE_CHOICE: 'true' });
  const ann = await world.gateway.join();
  world.gateway.bus.hears = (channel) => channel !== 'registry';
  await world.addNode('node-2');
  await clock.advance(100);
  const bob = await other.join({ node: 'node-2' });
  await clock.advance(10_000);
  expect(ann.events.map(({ type, peerId }) => [type, peerId])).toEqual([['peerJoined', bob.joined.peerId]]);
});
