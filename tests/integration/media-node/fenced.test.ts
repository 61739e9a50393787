import type { RoomId } from '@sluice/shared';
import { ownerNamed, peerRecord } from '@sluice/shared/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LoneNode, type PlayedGateway, type PlayedSession } from '../../support/clusters/lone-node.ts';

let lone: LoneNode;
let gateway: PlayedGateway;

beforeEach(async () => {
  lone = await LoneNode.start();
  gateway = await lone.gateway('gw-1');
});
afterEach(() => lone[Symbol.asyncDispose]());

const room = 'a' as RoomId;
const elsewhere = ownerNamed('node-2');

/** Another process takes this node for dead. */
async function fence(): Promise<void> {
  const { node, boot } = lone.node.owner;
  await lone.directory.fence(room, node, boot);
  await lone.pass(250);
  expect(lone.node.owner.boot).not.toBe(boot);
}

/** A gateway moves a peer to another node. */
async function take({ peerId, sessionId }: PlayedSession): Promise<void> {
  const orphan = (await lone.records('a'))?.peers.find((peer) => peer.peerId === peerId);
  const { node, boot, resumeHash } = orphan!;
  const record = peerRecord(peerId, elsewhere, { sessionId, resumeHash });
  await lone.directory.take(room, record, { node, boot, sessionId }, {});
}

const closed = () => gateway.notices.filter(({ type }) => type === 'transportClosed');

test('[NO42] what a peer has in a fenced slice stays until it is moved, and for a moment after', async () => {
  const sessions = await Promise.all(Array.from({ length: 4 }, () => gateway.join('a')));
  const peers = sessions.map(({ peer }) => peer!);
  await fence();
  await lone.pass(10_000);
  expect(peers.map((peer) => peer.closed)).toEqual([false, false, false, false]);
  await take(sessions[0]!);
  await lone.pass(1000);
  expect(peers[0]!.closed).toBe(false);
  await lone.pass(2000);
  expect(peers.map((peer) => peer.closed)).toEqual([true, false, false, false]);
  await take(sessions[1]!);
  await take(sessions[2]!);
  await take(sessions[3]!);
  await lone.pass(5000);
  expect(lone.node.slices.size).toBe(0);
});

test('[NO42] a peer that no other node takes loses what it had in a fenced slice, and is told', async () => {
  const ann = await gateway.join('a');
  await fence();
  await lone.pass(29_000);
  expect(closed()).toEqual([]);
  await lone.pass(2000);
  const ids = [ann.joined?.producerTransport?.id, ann.joined?.consumerTransport?.id];
  expect(closed()).toEqual(ids.map((transportId) => ({ type: 'transportClosed', transportId, reason: 'nodeLost' })));
  expect(lone.node.slices.size).toBe(0);
});

test('[NO42] a peer that comes to a room where this node was fenced gets a slice of the new boot', async () => {
  const ann = await gateway.join('a');
  await fence();
  const bob = await gateway.join('a');
  expect(await bob.record()).toMatchObject(lone.node.owner);
  expect(lone.node.slices.size).toBe(2);
  // Ann's node still hears of her.
  await ann.ask('leavePeer', { reason: 'left' }).catch(() => undefined);
  await lone.pass(1000);
  expect(lone.node.slices.size).toBe(1);
  expect(bob.peer?.entered).toBe(true);
});
