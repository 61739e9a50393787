import { SluiceError } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import type { FakeNode } from '../support/fake-node.ts';
import { World } from '../support/world.ts';

const rooms = ['one', 'two', 'three', 'four'];

/** A room for each name, all on one node, which then dies; another node is there to move to. */
async function deathWith(fence: (room: string, go: () => Promise<boolean>) => Promise<boolean>) {
  const clock = new ManualClock();
  const world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const [dead] = world.nodes as [FakeNode, FakeNode];
  for (const room of rooms) await world.gateway.join({ room, node: dead.id });
  await clock.advance(1000);
  const { directory } = world.gateway;
  const original = directory.fence.bind(directory);
  const asked: string[] = [];
  directory.fence = (room, node, boot) => {
    asked.push(room);
    return fence(room, () => original(room, node, boot));
  };
  await dead.die();
  await clock.advance(600);
  return { world, clock, asked, dead };
}

const fenced = async ({ gateway }: World): Promise<number> => {
  const line = (await gateway.metrics.metrics()).split('\n').find((text) => text.startsWith('sfu_fences_total'));
  return Number(line?.split(' ')[1]);
};

test('[GW45] a room that cannot be fenced delays no other one', async () => {
  const { world, asked } = await deathWith((room, go) =>
    room === 'one' ? Promise.reject(new SluiceError('coordinatorUnavailable', 'Not this one.')) : go(),
  );
  await using _ = world;
  expect(await fenced(world)).toBe(3);
  expect([...asked].sort()).toEqual([...rooms].sort());
});

test('[GW45] a room whose fencing hangs delays no other one, nor their moves, and is asked for once at a time', async () => {
  const hangs = Promise.withResolvers<boolean>();
  const { world, asked, clock } = await deathWith((room, go) => (room === 'one' ? hangs.promise : go()));
  await using _ = world;
  expect(await fenced(world)).toBe(3);
  await clock.advance(5000);
  expect(asked.filter((room) => room === 'one')).toHaveLength(1);
  expect(world.nodes[1]?.called('joinPeer').filter(({ params }) => params['from'] !== undefined)).toHaveLength(4);
  hangs.resolve(false);
});

test('[GW45] a node that is heard again while its rooms are fenced keeps the rest of them', async () => {
  const many = Array.from({ length: 200 }, (_, index) => `room-${index}`);
  const clock = new ManualClock();
  await using world = await World.create({ clock, settings: { ALLOW_NODE_CHOICE: 'true' } });
  await Promise.all(many.map((room) => world.gateway.join({ room })));
  await clock.advance(1000);
  const { node, gateway } = world;
  const answers: (() => void)[] = [];
  gateway.directory.fence = () => new Promise((resolve) => void answers.push(() => resolve(false)));
  gateway.switchboard.registry.lose(node.endpoint.inbox);
  await clock.advance(0);
  const first = answers.length;
  expect(first).toBeLessThan(200);
  node.registry.beat();
  await clock.advance(0);
  for (const answer of answers.splice(0)) answer();
  await clock.advance(0);
  expect(answers).toEqual([]);
});
