import type { OperationParams } from '@sluice/shared';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ManualClock, settle } from '@sluice/shared/testing';
import { demo, World } from '../support/world.ts';

const peersIn = async (world: World) => (await world.directory.snapshot(demo))?.peers.map(({ peerId }) => peerId) ?? [];

test('[GW10] a closed socket leaves its room once', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const bob = await world.gateway.join();
  bob.disconnect();
  expect(await ann.waitFor('peerLeft')).toMatchObject({ peerId: bob.joined.peerId, reason: 'disconnected' });
  await settle();
  expect(world.node.called('leavePeer').map(({ params }) => params)).toEqual([
    expect.objectContaining({ peerId: bob.joined.peerId, reason: 'disconnected' }),
  ]);
  expect(world.gateway.switchboard.sessions.size).toBe(1);
  expect(world.gateway.switchboard.seats.size).toBe(1);
});

test('[GW10] a socket that closes while its join is under way leaves when the join is through', async () => {
  await using world = await World.create();
  const answer = Promise.withResolvers<void>();
  world.node.on('joinPeer', async (params) => {
    await answer.promise;
    return world.node.answer('joinPeer', params);
  });
  const socket = world.gateway.connect();
  socket.say({ action: 'join', room: 'demo' });
  socket.say({ action: 'updatePeer', name: 'too late' });
  await eventually(() => world.node.called('joinPeer').length === 1);
  socket.disconnect();
  answer.resolve();
  await eventually(() => world.node.called('leavePeer').length > 0);
  await settle();
  expect(world.node.calls.map(({ operation }) => operation)).toEqual(['joinPeer', 'leavePeer']);
  expect(world.gateway.switchboard.sessions.size).toBe(0);
  expect(await peersIn(world)).toEqual([]);
  expect(world.gateway.switchboard.rooms.size).toBe(0);
});

test('[GW10] a socket that closes before its join was begun joins nothing', async () => {
  await using world = await World.create();
  const socket = world.gateway.connect();
  socket.say({ action: 'join', room: 'demo' });
  socket.disconnect();
  await eventually(() => world.gateway.switchboard.sessions.size === 0);
  expect(world.node.calls).toEqual([]);
  expect(world.gateway.switchboard.rooms.size).toBe(0);
});

test('[GW10] leave is answered, frees the connection for another join, and ends the events of the room', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const bob = await world.gateway.join();
  expect(await bob.ask({ action: 'leave', id: 1 })).toEqual({ type: 'ok', action: 'leave', id: 1 });
  expect(await ann.waitFor('peerLeft')).toMatchObject({ peerId: bob.joined.peerId, reason: 'left' });
  expect(await bob.ask({ action: 'leave', id: 2 })).toMatchObject({ code: 'notJoined' });
  await ann.ask({ action: 'sendMessage', payload: 1, id: 1 });
  await settle();
  expect(bob.events).toEqual([]);
  const again = await bob.ask({ action: 'join', room: 'demo', peerId: bob.joined.peerId, id: 3 });
  expect(again).toMatchObject({ type: 'joined', peerId: bob.joined.peerId });
  const [first, , second] = world.node.called('joinPeer').map(({ params }) => params['sessionId']);
  expect(second).not.toBe(first);
  bob.disconnect();
  await eventually(() => world.node.called('leavePeer').length === 2);
});

test('[GW11] a join that the node refuses leaves nothing behind', async () => {
  await using world = await World.create();
  const { SluiceError } = await import('@sluice/shared');
  world.node.on('joinPeer', async () => {
    throw new SluiceError('roomFull', 'The room is full.');
  });
  const socket = world.gateway.connect();
  expect(await socket.ask({ action: 'join', room: 'demo', id: 1 })).toMatchObject({ code: 'roomFull' });
  expect(world.gateway.switchboard.rooms.size).toBe(0);
  await eventually(() => world.gateway.bus.subscribed.every((channel) => !channel.includes('room')));
  expect(world.node.called('leavePeer')).toEqual([]);
  expect(await socket.ask({ action: 'updatePeer', id: 2 })).toMatchObject({ code: 'notJoined' });
  world.node.on('joinPeer', (params) => world.node.answer('joinPeer', params));
  expect(await socket.ask({ action: 'join', room: 'demo', id: 3 })).toMatchObject({ type: 'joined', peers: [] });
});

test('[GW11] one of two first joins fails: the other keeps the room', async () => {
  await using world = await World.create();
  const { SluiceError } = await import('@sluice/shared');
  world.node.on('joinPeer', async (params) => {
    if (params.name === 'bad') throw new SluiceError('roomFull', 'The room is full.');
    return world.node.answer('joinPeer', params);
  });
  const bad = world.gateway.connect();
  const [, good] = await Promise.all([
    bad.ask({ action: 'join', room: 'demo', name: 'bad', id: 1 }),
    world.gateway.join({ name: 'good' }),
  ]);
  expect(world.gateway.switchboard.rooms.size).toBe(1);
  await good.ask({ action: 'sendMessage', payload: 'heard', id: 2 });
  await good.waitFor('message');
  expect(bad.of('message')).toEqual([]);
});

test('[GW11] a join that nobody answered in time is taken back, even where the node has not begun it yet', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const stuck = Promise.withResolvers<void>();
  world.node.on('joinPeer', async (params: OperationParams<'joinPeer'>) => {
    await stuck.promise;
    return world.node.answer('joinPeer', params);
  });
  const socket = world.gateway.connect();
  socket.say({ action: 'join', room: 'demo', id: 1 });
  await settle();
  await clock.advance(2000);
  expect(await socket.waitFor('error')).toMatchObject({ id: 1, code: 'deadlineExceeded', temporary: true });
  expect(world.gateway.switchboard.rooms.size).toBe(0);
  stuck.resolve();
  await settle();
  expect(await peersIn(world)).toHaveLength(1);
  await clock.advance(3000);
  expect(await peersIn(world)).toEqual([]);
  const tries = world.node.called('leavePeer').length;
  await clock.advance(10_000);
  expect(world.node.called('leavePeer').length).toBe(tries);
});

test('[GW10] a leave that the bus would not carry is said when it is back', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.hub.setAway(true);
  ann.disconnect();
  await settle();
  await clock.advance(5000);
  expect(world.node.called('leavePeer')).toEqual([]);
  world.hub.setAway(false);
  await clock.advance(2000);
  expect(world.node.called('leavePeer')).toHaveLength(1);
  expect(await peersIn(world)).toEqual([]);
});

test('[GW10] a leave that a dead node cannot hear is not said for ever', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  await world.node.die();
  ann.disconnect();
  await eventually(() => world.gateway.switchboard.sessions.size === 0);
  expect(world.gateway.switchboard.rooms.size).toBe(0);
});

test('[GW12] a gateway that stops sends its clients away with 4000, and leaves their peers to be resumed', async () => {
  const world = await World.create();
  const sockets = await Promise.all([world.gateway.join(), world.gateway.join(), world.gateway.join()]);
  const idle = world.gateway.connect();
  await world[Symbol.asyncDispose]();
  expect([...sockets, idle].map(({ closedWith }) => closedWith)).toEqual([4000, 4000, 4000, 4000]);
  expect(world.node.called('detachPeer')).toHaveLength(3);
  expect(world.node.called('leavePeer')).toEqual([]);
  expect(world.gateway.switchboard.sessions.size).toBe(0);
});

test('[GW12] a gateway that stops does not wait for a node that hangs', async () => {
  const clock = new ManualClock();
  const world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.node.on('detachPeer', () => new Promise(() => undefined));
  const stopped = world[Symbol.asyncDispose]().then(() => 'stopped');
  await clock.advance(2100);
  expect(await stopped).toBe('stopped');
  expect(ann.closedWith).toBe(4000);
});
