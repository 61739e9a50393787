import { afterEach, beforeEach, expect, test } from 'vitest';
import { LoneNode, type PlayedGateway } from '../../support/clusters/lone-node.ts';

// The lease is 2 s, the resume window 30 s.
let lone: LoneNode;
let gateway: PlayedGateway;

beforeEach(async () => {
  lone = await LoneNode.start();
  gateway = await lone.gateway('gw-1');
});
afterEach(() => lone[Symbol.asyncDispose]());

test('[NO31] a gateway that is silent for 3 s and comes back: a minute later its peers are still there', async () => {
  const ann = await gateway.join('a');
  const bob = await gateway.join('a');
  gateway.fallSilent();
  await lone.pass(3000);
  expect(lone.node.registry.gateways()).toEqual([]);
  gateway.beat();
  await lone.pass(60_000);
  const here = { name: 'here', attachment: { state: 'attached' } };
  expect([ann.peer?.phase, bob.peer?.phase]).toMatchObject([here, here]);
  expect((await lone.records('a'))?.peers).toHaveLength(2);
});

test('[NO31] an operation of the session shows that its gateway lives, before any heartbeat does', async () => {
  const ann = await gateway.join('a');
  gateway.fallSilent();
  await lone.pass(3000);
  expect(ann.peer?.detached).toBe(true);
  await ann.ask('updatePeer', { name: 'Ann' });
  expect(ann.peer?.detached).toBe(false);
  gateway.beat();
  await lone.pass(60_000);
  expect(ann.peer?.detached).toBe(false);
});

test('[NO31] a session that its gateway gave up is not taken back when the gateway is heard again', async () => {
  const ann = await gateway.join('a');
  await ann.ask('detachPeer');
  gateway.fallSilent();
  await lone.pass(3000);
  gateway.beat();
  await lone.pass(20_000);
  expect(ann.peer?.detachCause).toBe('session');
  await lone.pass(10_000);
  expect(ann.peer).toBeUndefined();
  expect(await ann.record()).toBeUndefined();
});

test('[NO31] a gateway that stays away: its peers are kept for the resume window, and then leave', async () => {
  const ann = await gateway.join('a');
  gateway.fallSilent();
  await lone.pass(30_000);
  expect(ann.peer?.detached).toBe(true);
  await lone.pass(5000);
  expect(await ann.record()).toBeUndefined();
});

test('[NO32] a peer whose gateway died while it was entering is not kept for ever', async () => {
  const other = await lone.gateway('gw-2');
  const ann = await other.join('a');
  await other.stop();
  const bob = await gateway.join('a', { gateway: 'sluice:gateway:gw-3:dead' });
  await lone.pass(6000);
  expect([ann.peer?.detached, bob.peer?.detached]).toEqual([true, true]);
  await lone.pass(32_000);
  expect(await lone.records('a').then((room) => room?.peers)).toEqual([]);
});
