import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ManualClock, settle } from '@sluice/shared/testing';
import { World } from '../support/world.ts';

test('[GW17] an action that its node does not answer ends at its deadline, and is asked twice under one id', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.node.on('restartIce', () => new Promise(() => undefined));
  const heard: string[] = [];
  world.gateway.bus.hears = () => true;
  const publish = world.gateway.bus.publish.bind(world.gateway.bus);
  world.gateway.bus.publish = (channel, message) => {
    const { operation, id } = JSON.parse(message) as { operation?: string; id: string };
    if (operation === 'restartIce') heard.push(id);
    return publish(channel, message);
  };
  ann.say({ action: 'restartIce', transportId: 't', id: 1 });
  await clock.advance(1950);
  expect(ann.of('error')).toEqual([]);
  await clock.advance(100);
  expect(ann.of('error')).toMatchObject([{ id: 1, action: 'restartIce', code: 'deadlineExceeded', temporary: true }]);
  expect(heard).toHaveLength(2);
  expect(new Set(heard).size).toBe(1);
  expect(world.node.called('restartIce')).toHaveLength(1);
});

test('[GW17] a node that hangs costs a client one deadline, not one for each action in line', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.node.on('restartIce', () => new Promise(() => undefined));
  for (let id = 0; id < 20; id++) ann.say({ action: 'restartIce', transportId: 't', id });
  await clock.advance(2100);
  expect(ann.of('error').map(({ id, code }) => [id, code])).toEqual(
    Array.from({ length: 20 }, (_, id) => [id, 'deadlineExceeded']),
  );
  expect(world.node.called('restartIce')).toHaveLength(1);
  // What comes afterwards has a deadline of its own.
  expect((await ann.ask({ action: 'updatePeer', id: 'next' })).type).toBe('ok');
});

test('[GW17] actions in line behind slow ones that work have their whole time', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.node.on('restartIce', async (params) => {
    await new Promise<void>((resolve) => clock.setTimer(resolve, 1500));
    return world.node.answer('restartIce', params);
  });
  for (let id = 0; id < 3; id++) ann.say({ action: 'restartIce', transportId: 't', id });
  await clock.advance(4700);
  expect(ann.of('iceRestarted').map(({ id }) => id)).toEqual([0, 1, 2]);
});

test('[GW17] nobody hears the node: nodeUnavailable at once', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  await world.node.die();
  expect(await ann.ask({ action: 'restartIce', transportId: 't', id: 1 })).toMatchObject({
    code: 'nodeUnavailable',
    temporary: true,
  });
});

test('[GW17] the bus is away: coordinatorUnavailable at once, for joins too, and all is well when it is back', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, settings: { PLACEMENT: 'spread' } });
  const ann = await world.gateway.join();
  const bob = world.gateway.connect();
  const cleo = world.gateway.connect();
  world.hub.setAway(true);
  // As over Redis: what is to be heard is heard when it is back.
  const subscribe = world.gateway.bus.subscribe.bind(world.gateway.bus);
  world.gateway.bus.subscribe = () => new Promise(() => undefined);
  const expected = { type: 'error', code: 'coordinatorUnavailable', temporary: true };
  expect(await ann.ask({ action: 'updatePeer', name: 'x', id: 1 })).toMatchObject(expected);
  expect(await bob.ask({ action: 'join', room: 'demo', id: 1 })).toMatchObject(expected);
  expect(await cleo.ask({ action: 'join', room: 'new', id: 1 })).toMatchObject(expected);
  expect(world.gateway.switchboard.readiness()).toEqual({ ready: false, reasons: ['the bus is not heard'] });
  world.hub.setAway(false);
  world.gateway.bus.subscribe = subscribe;
  expect((await ann.ask({ action: 'updatePeer', name: 'x', id: 2 })).type).toBe('ok');
  expect((await bob.ask({ action: 'join', room: 'demo', id: 2 })).type).toBe('joined');
  expect((await cleo.ask({ action: 'join', room: 'new', id: 2 })).type).toBe('joined');
  expect(world.gateway.switchboard.readiness()).toEqual({ ready: true });
});

test('[GW17] the directory falls silent during a join: deadlineExceeded at the deadline, and nothing stays', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  world.gateway.directory.snapshot = () => new Promise(() => undefined);
  const ann = world.gateway.connect();
  ann.say({ action: 'join', room: 'demo', id: 1 });
  await clock.advance(2050);
  expect(ann.of('error')).toMatchObject([{ id: 1, code: 'deadlineExceeded' }]);
  await eventually(() => world.gateway.switchboard.rooms.size === 0);
  expect(world.node.calls).toEqual([]);
});

test('[GW17] a room whose missed events cannot be read is not joined half: error, and the peer is taken back', async () => {
  await using world = await World.create();
  await world.gateway.join();
  const { SluiceError } = await import('@sluice/shared');
  world.gateway.directory.eventsAfter = async () => {
    throw new SluiceError('coordinatorUnavailable', 'Away.');
  };
  world.gateway.bus.hears = (channel) => !channel.includes('room');
  const bob = world.gateway.connect();
  expect(await bob.ask({ action: 'join', room: 'demo', id: 1 })).toMatchObject({ code: 'coordinatorUnavailable' });
  await eventually(() => world.node.called('leavePeer').length === 1);
  await settle();
  expect(world.node.peers.size).toBe(1);
  expect(world.gateway.switchboard.seats.size).toBe(1);
});
