import { SluiceError } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import type { FakeNode } from '../support/fake-node.ts';
import { type JoinedSocket, World } from '../support/world.ts';

const settings = { ALLOW_NODE_CHOICE: 'true' };

/** `count` peers on each of the nodes named, ten a room. */
async function crowd(world: World, count: number, ...nodes: string[]): Promise<JoinedSocket[]> {
  const joins = nodes.flatMap((node) =>
    Array.from({ length: count }, (_, index) =>
      world.gateway.join({ node, peerId: `${node}-${index}`, room: `${node}-${Math.floor(index / 10)}` }),
    ),
  );
  return Promise.all(joins);
}

async function worldOf(nodes: number) {
  const clock = new ManualClock();
  const world = await World.create({ clock, nodes, settings });
  const [first, second, third] = world.nodes as [FakeNode, FakeNode, FakeNode];
  return { clock, world, first, second, third };
}

function drain(node: FakeNode, draining = true): void {
  node.report = { draining, accepting: !draining };
  node.registry.beat();
}

const movesTo = (node: FakeNode) => node.called('joinPeer').filter(({ params }) => params['from'] !== undefined);

async function counted({ gateway }: World, start: string): Promise<string[]> {
  return (await gateway.metrics.metrics()).split('\n').filter((line) => line.startsWith(start));
}

test('[GW35] a thousand peers of a killed node are moved at a bounded rate, and none is forgotten', async () => {
  const { clock, world, first, second } = await worldOf(2);
  await using _ = world;
  const peers = await crowd(world, 1000, first.id);
  await clock.advance(1000);
  await first.die();
  const begun: number[] = [];
  for (let passed = 0; passed < 4000; passed += 100) {
    await clock.advance(100);
    begun.push(movesTo(second).length);
  }
  const inWindow = (windows: number) => Math.max(...begun.map((sum, index) => sum - (begun[index - windows] ?? 0)));
  expect(begun.at(-1)).toBe(1000);
  expect(inWindow(1), 'within 100 ms: what may be begun at once, and 50').toBeLessThanOrEqual(64 + 50);
  expect(inWindow(10), 'within a second').toBeLessThanOrEqual(64 + 500);
  expect(inWindow(10), 'and not much less').toBeGreaterThan(400);
  expect(peers.map((peer) => peer.of('move').length)).toEqual(peers.map(() => 1));
  expect(await counted(world, 'sfu_moves_total')).toEqual(['sfu_moves_total{reason="nodeLost",result="ok"} 1000']);
}, 60_000);

test('[GW35] a drain is paced, and waits for those whose node was lost', async () => {
  const { clock, world, first, second, third } = await worldOf(3);
  await using _ = world;
  await crowd(world, 200, first.id, second.id);
  // Only the third takes peers. Else the share of each would depend on which of the two the gateway heard of first.
  second.report = { accepting: false };
  second.registry.beat();
  drain(first);
  await clock.advance(1000);
  const drained = movesTo(third).length;
  expect(drained, 'two at once, then 40 a second from the first look after 250 ms').toBeGreaterThan(25);
  expect(drained).toBeLessThanOrEqual(2 + 30);
  const answers = Promise.withResolvers<void>();
  third.on('joinPeer', async (params) => {
    await answers.promise;
    return third.answer('joinPeer', params);
  });
  await second.die();
  await clock.advance(700);
  const begunSince = () =>
    movesTo(third)
      .slice(drained)
      .map(({ params }) => String(params['peerId']).split('-').slice(0, 2).join('-'));
  expect(begunSince(), 'four of the drain before the death was known; then all that may be at once').toEqual([
    ...Array.from({ length: 4 }, () => first.id),
    ...Array.from({ length: 64 }, () => second.id),
  ]);
  answers.resolve();
  await clock.advance(10_000);
  expect(movesTo(third)).toHaveLength(400);
  expect(new Set(begunSince().slice(4, 204)), 'nobody of the drain among the lost').toEqual(new Set([second.id]));
}, 60_000);

test('[GW34] a drain that is cancelled half-way leaves the others where they are', async () => {
  const { clock, world, first, second } = await worldOf(2);
  await using _ = world;
  const peers = await crowd(world, 10, first.id);
  drain(first);
  while (movesTo(second).length < 5) await clock.advance(5);
  drain(first, false);
  await clock.advance(10_000);
  const moved = movesTo(second).length;
  expect(moved).toBeLessThan(10);
  expect(peers.filter((peer) => peer.of('move').length === 1)).toHaveLength(moved);
  const stayed = peers.filter((peer) => peer.of('move').length === 0);
  for (const peer of stayed) await peer.ask({ action: 'restartIce', transportId: 't', id: 1 });
  expect(first.called('restartIce')).toHaveLength(stayed.length);
  expect((await world.gateway.join({ node: first.id })).joined['node']).toBe(first.id);
});

test('[GW34] a move that one node refuses is made to another', async () => {
  const { clock, world, first, second, third } = await worldOf(3);
  await using _ = world;
  const peers = await crowd(world, 10, first.id);
  second.on('joinPeer', async () => {
    throw new SluiceError('internal', 'It fails here.');
  });
  drain(first);
  await clock.advance(5000);
  expect(movesTo(third)).toHaveLength(10);
  expect(peers.every((peer) => peer.of('move').length === 1)).toBe(true);
  expect(movesTo(second).length).toBeGreaterThan(0);
  expect(new Set(movesTo(second).map(({ params }) => params['peerId'])).size).toBe(movesTo(second).length);
  expect(await counted(world, 'sfu_moves_total')).toEqual(['sfu_moves_total{reason="drain",result="ok"} 10']);
});

test('[GW34] a move that fails everywhere counts as failed after five tries, rests, and is made when it can be', async () => {
  const { clock, world, first, second } = await worldOf(2);
  await using _ = world;
  const [ann] = await crowd(world, 1, first.id);
  second.on('joinPeer', async () => {
    throw new SluiceError('internal', 'It fails here.');
  });
  drain(first);
  await clock.advance(6500);
  expect(movesTo(second)).toHaveLength(5);
  expect(await counted(world, 'sfu_moves_total')).toEqual(['sfu_moves_total{reason="drain",result="internal"} 1']);
  second.on('joinPeer', (params) => second.answer('joinPeer', params));
  await clock.advance(13_500);
  expect(ann?.of('move')).toHaveLength(1);
  expect(await counted(world, 'sfu_moves_total{reason="drain",result="ok"}')).toHaveLength(1);
});
