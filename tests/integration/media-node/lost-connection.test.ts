import { eventually } from '@sluice/shared/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoneNode, type PlayedGateway } from '../../support/clusters/lone-node.ts';

let lone: LoneNode;
let gateway: PlayedGateway;

beforeEach(async () => {
  lone = await LoneNode.start();
  gateway = await lone.gateway('gw-1');
});
afterEach(() => lone[Symbol.asyncDispose]());

const connections = async () => (await lone.records('a'))?.peers.map(({ connection }) => connection);

test('[NO33] the room is told after 2 s that a peer without a session has lost its connection, and when it is back', async () => {
  const ann = await gateway.join('a');
  await ann.ask('detachPeer');
  await lone.pass(1500);
  expect((await ann.record())?.connection).toBeUndefined();
  await lone.pass(1000);
  expect((await ann.record())?.connection).toBe('lost');
  const { inbox } = gateway;
  await ann.ask('attachPeer', { sessionId: 's_again', gateway: inbox, resumeHash: `hash-of-${ann.peerId}` });
  expect(await ann.record()).toMatchObject({ sessionId: 's_again' });
  expect(await ann.record()).not.toHaveProperty('connection');
});

test('[NO33] the peers of a lost gateway are told of in one write a room, and so is its return', async () => {
  const peers = await Promise.all(Array.from({ length: 5 }, () => gateway.join('a')));
  const commit = vi.spyOn(lone.slice('a')!, 'commit');
  gateway.fallSilent();
  await lone.pass(6000);
  expect(await connections()).toEqual(peers.map(() => 'lost'));
  expect(commit).toHaveBeenCalledTimes(1);
  gateway.beat();
  await lone.pass(1000);
  expect(await connections()).toEqual(peers.map(() => undefined));
  expect(commit).toHaveBeenCalledTimes(2);
});

test('[NO33] what could not be told while Redis was away is told by the next sweep', async () => {
  const ann = await gateway.join('a');
  await ann.ask('detachPeer');
  lone.hub.setAway(true);
  await lone.pass(3000);
  lone.hub.setAway(false);
  await lone.pass(12_000);
  await eventually('the record to say so', async () => (await ann.record())?.connection === 'lost');
});
