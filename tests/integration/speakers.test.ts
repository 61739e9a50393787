import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTalking } from '../support/native/talker.ts';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

const soon = { withinMs: 10_000 };

let cluster: LocalCluster;
beforeAll(async () => {
  const settings = { PLACEMENT: 'spread' };
  cluster = await LocalCluster.start({ nodes: 2, gateways: 2, workers: 2, port: 0, host: '127.0.0.1', settings });
});
afterAll(() => cluster?.stop());

/** A peer on one of the nodes, by one of the gateways, and the lists of speakers that it has been told. */
async function join(room: string, node: number, gateway: number) {
  const peer = await RawPeer.join({ url: cluster.urlOf(gateway), node: cluster.nodes[node]!.owner.node }, room);
  const told: string[][] = [];
  peer.connection.on('event', (event) => {
    if (event.type === 'activeSpeakers') told.push(event.speakers.map(({ peerId }) => peerId));
  });
  const { peerId } = peer.joined;
  const isTold = (...speakers: string[]) =>
    eventually(
      `${peerId} to be told that these speak: ${speakers.join(' ')}`,
      () => String(told.at(-1)) === String(speakers),
      soon,
    );
  return { peer, peerId, told, isTold, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

it('[NO57] who speaks is told to everybody in the room, on any node and gateway, though nobody receives sound', async () => {
  const room = newRoom();
  await using ann = await join(room, 0, 0);
  await using bob = await join(room, 1, 1);
  await using eve = await join(room, 0, 1);
  using voice = await startTalking(ann.peer);
  using other = await startTalking(bob.peer);
  const everyone = [ann, bob, eve];
  voice.speak(-30);
  await Promise.all(everyone.map((one) => one.isTold(ann.peerId)));
  other.speak(-10);
  await Promise.all(everyone.map((one) => one.isTold(bob.peerId, ann.peerId)));
  await using late = await join(room, 1, 0);
  await late.isTold(bob.peerId, ann.peerId);
  other.speak(-127);
  await Promise.all([...everyone, late].map((one) => one.isTold(ann.peerId)));
  voice.speak(-127);
  await Promise.all([...everyone, late].map((one) => one.isTold()));
  // What is repeated on the bus is not repeated to clients.
  for (const { told } of everyone) expect(told.filter((list, at) => String(list) === String(told[at - 1]))).toEqual([]);
});

it('[NO57] copies of a microphone on other nodes and workers are not listened to', async () => {
  const room = newRoom();
  await using ann = await join(room, 0, 0);
  await using bob = await join(room, 1, 1);
  await using eve = await join(room, 0, 1);
  using voice = await startTalking(ann.peer);
  for (const { peer } of [bob, eve]) expect((await peer.consume(voice.producerId)).failed).toEqual([]);
  voice.speak(-20);
  await Promise.all([ann, bob, eve].map((one) => one.isTold(ann.peerId)));
  await ann.peer[Symbol.asyncDispose]();
  await Promise.all([bob, eve].map((one) => one.isTold()));
  for (const { told } of [bob, eve]) expect(told).toEqual([[ann.peerId], []]);
});
