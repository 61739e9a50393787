import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { World } from '../support/world.ts';

test('[GW50] a connection that is lost while the bus is away is told to its node when the bus is back', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  world.hub.setAway(true);
  ann.lose();
  await clock.advance(40_000);
  expect(world.node.called('detachPeer')).toEqual([]);
  world.hub.setAway(false);
  await clock.advance(2000);
  expect(world.node.called('detachPeer').map(({ params }) => params['peerId'])).toEqual([ann.joined.peerId]);
  await clock.advance(10_000);
  expect(world.node.called('detachPeer'), 'once').toHaveLength(1);
});

test('[GW50] a lost connection is told again to a node that did not answer', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  let tries = 0;
  world.node.on('detachPeer', async (params) => {
    if (++tries === 1) return Promise.withResolvers<never>().promise;
    return world.node.answer('detachPeer', params);
  });
  ann.lose();
  await clock.advance(10_000);
  expect(tries).toBe(2);
});

test('[GW50] hundreds of leaves that the bus would not carry are said some at a time, each once', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  // Few in each room: each of them is told of all the others.
  const join = (_: unknown, index: number) => world.gateway.join({ room: `room-${index % 50}` });
  const peers = await Promise.all(Array.from({ length: 500 }, join));
  world.hub.setAway(true);
  for (const peer of peers) peer.disconnect();
  await clock.advance(1000);
  world.hub.setAway(false);
  let [now, most] = [0, 0];
  world.node.on('leavePeer', async (params) => {
    most = Math.max(most, ++now);
    await new Promise<void>((resolve) => clock.setTimer(resolve, 20));
    now--;
    return world.node.answer('leavePeer', params);
  });
  await clock.advance(5000);
  expect(most).toBe(64);
  const left = world.node.called('leavePeer').map(({ params }) => params['peerId']);
  expect(left).toHaveLength(500);
  expect(new Set(left).size).toBe(500);
});
