import { settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import type { FakeNode } from '../support/fake-node.ts';
import { type JoinedSocket, World } from '../support/world.ts';

const speakersOf = (socket: JoinedSocket) =>
  socket.of('activeSpeakers').map(({ speakers }) => (speakers as { peerId: string }[]).map(({ peerId }) => peerId));

/** Two nodes, and two people each on one of them. */
async function twoNodes() {
  const world = await World.create({ nodes: 2 });
  const [one, other] = world.nodes as [FakeNode, FakeNode];
  const ann = await world.gateway.join();
  const bob = await world.gateway.join();
  const say = async (node: FakeNode, ...speakers: [JoinedSocket, number][]) => {
    const told = speakers.map(([{ joined }, volume]) => ({ peerId: joined.peerId, volume }));
    node.notifySpeakers(world.gateway.switchboard.address, 'demo', told);
    await settle();
  };
  return { world, one, other, ann, bob, say };
}

test('[NO57] what several nodes tell of their peers is one list for everybody in the room, the loudest first', async () => {
  const { world, one, other, ann, bob, say } = await twoNodes();
  await using _ = world;
  await say(one, [ann, -30]);
  await say(other, [bob, -20]);
  await say(one);
  await say(other);
  const names = [[ann.joined.peerId], [bob.joined.peerId, ann.joined.peerId], [bob.joined.peerId], []];
  expect(speakersOf(ann)).toEqual(names);
  expect(speakersOf(bob)).toEqual(names);
});

test('[NO57] the same speakers with other volumes are no news; who came since is told all the same', async () => {
  const { world, one, ann, bob, say } = await twoNodes();
  await using _ = world;
  await say(one, [ann, -30]);
  await say(one, [ann, -31]);
  const eve = await world.gateway.join();
  await say(one, [ann, -32]);
  await say(one, [ann, -33]);
  expect([ann, bob, eve].map((socket) => speakersOf(socket).length)).toEqual([1, 1, 1]);
});

test('[NO57] somebody who leaves while speaking is no speaker any more, though no node says so', async () => {
  const { world, one, ann, bob, say } = await twoNodes();
  await using _ = world;
  await say(one, [ann, -30]);
  await ann.ask({ action: 'leave', id: 1 });
  await bob.waitFor('activeSpeakers', 2);
  expect(speakersOf(bob)).toEqual([[ann.joined.peerId], []]);
});

test('[NO57] who speaks in a room that nobody here is in is no news either', async () => {
  const { world, one, ann } = await twoNodes();
  await using _ = world;
  one.notifySpeakers(world.gateway.switchboard.address, 'elsewhere', [{ peerId: 'x', volume: -10 }]);
  await settle();
  expect(speakersOf(ann)).toEqual([]);
});
