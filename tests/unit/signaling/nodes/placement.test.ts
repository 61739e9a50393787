import type { NodeId, NodeReport } from '@sluice/shared';
import { NodePool, SluiceError } from '@sluice/shared';
import { expect, test } from 'vitest';
import { type Placement, Placements } from '../../../../apps/signaling/src/nodes/placements.ts';
import type { FakeNode } from '../support/fake-node.ts';
import { ManualClock, settle } from '@sluice/shared/testing';
import { World } from '../support/world.ts';

const joinsOf = (node: FakeNode) => node.called('joinPeer').length;
const report = (id: string, more: Partial<NodeReport> = {}): NodeReport =>
  ({
    kind: 'node',
    id,
    boot: 'b',
    address: `node:${id}:b`,
    version: '0',
    region: 'eu',
    load: 0,
    workers: 1,
    peers: 0,
    draining: false,
    accepting: true,
    ...more,
  }) as NodeReport;

function placements(policy: 'pack' | 'spread', reports: NodeReport[]) {
  const clock = new ManualClock();
  const pool = NodePool.of(reports.map((of) => ({ report: of, heardAt: clock.now() })));
  const made = new Placements({ registry: { pool }, policy, clock, random: () => 0 });
  const wish = { present: new Set<NodeId>(), region: undefined, wanted: undefined };
  const hear = (of: NodeReport) => pool.set({ report: of, heardAt: clock.now() });
  return { clock, hear, choose: (): Placement => made.choose(wish), chosen: () => made.choose(wish).node.id };
}

test('[GW19] peers that were just sent to a node count until its report has them, and never twice', () => {
  const { clock, hear, choose } = placements('spread', [report('a'), report('b')]);
  const first = choose();
  expect(first.node.id).toBe('a');
  expect(choose().node.id).toBe('b');
  clock.jump(100);
  first.arrived();
  clock.jump(100);
  hear(report('a', { peers: 1 }));
  expect([choose().node.id, choose().node.id]).toEqual(['a', 'b']);
});

test('[GW19] a placement that failed counts no more, and one that nothing confirms is forgotten after two seconds', () => {
  const { clock, choose } = placements('spread', [report('a'), report('b')]);
  choose().failedWith(new SluiceError('internal', 'It fails here.'));
  expect([choose().node.id, choose().node.id]).toEqual(['a', 'b']);
  clock.jump(2000);
  expect([choose().node.id, choose().node.id]).toEqual(['a', 'b']);
});

test('[GW19] a node where nobody was is not chosen until it is heard of again', () => {
  const { clock, hear, choose, chosen } = placements('spread', [report('a'), report('b', { peers: 9 })]);
  choose().failedWith(new SluiceError('nodeUnavailable', 'It is gone.'));
  expect(chosen()).toBe('b');
  clock.jump(100);
  hear(report('a'));
  expect(chosen()).toBe('a');
});

test('[GW19] a room is packed where it is, by what the feed knows and by what is still on its way', async () => {
  await using world = await World.create({ nodes: 3 });
  const sockets = await Promise.all(Array.from({ length: 10 }, () => world.gateway.join()));
  expect(new Set(sockets.map(({ joined }) => joined['node'])).size).toBe(1);
  const other = await world.addGateway();
  const elsewhere = await other.join();
  expect(elsewhere.joined['node']).toBe(sockets[0]?.joined['node']);
});

test('[GW19] spread peers go around', async () => {
  await using world = await World.create({ nodes: 3, settings: { PLACEMENT: 'spread' } });
  await Promise.all(Array.from({ length: 9 }, () => world.gateway.join()));
  expect(world.nodes.map(joinsOf)).toEqual([3, 3, 3]);
});

test("[GW19] a region is the join's, or the gateway's", async () => {
  await using world = new World();
  for (const [id, region] of [
    ['node-1', 'eu'],
    ['node-2', 'us'],
  ] as const) {
    const node = await world.addNode(id);
    node.report = { region };
    node.registry.beat();
  }
  await settle();
  await world.addGateway({ REGION: 'us' });
  expect((await world.gateway.join({ room: 'a' })).joined['node']).toBe('node-2');
  expect((await world.gateway.join({ room: 'b', region: 'eu' })).joined['node']).toBe('node-1');
});

test('[GW20] a node that has just died costs a join nothing but another choice', async () => {
  await using world = await World.create({ nodes: 2, settings: { PLACEMENT: 'spread' } });
  const [dead, alive] = world.nodes as [FakeNode, FakeNode];
  alive.report = { peers: 5 };
  alive.registry.beat();
  await settle();
  await dead.die();
  const ann = await world.gateway.join();
  expect(ann.joined['node']).toBe('node-2');
  // And the next one doesn't even try.
  await world.gateway.join();
  expect(await world.gateway.metrics.metrics()).toContain('sfu_bus_no_receiver_total{target="node"} 1');
});

test('[GW20] a node that takes nobody is passed over in the same way', async () => {
  await using world = await World.create({ nodes: 2, settings: { PLACEMENT: 'spread' } });
  const [full] = world.nodes as [FakeNode];
  full.on('joinPeer', async () => {
    throw new SluiceError('noCapacity', 'Full.');
  });
  expect((await world.gateway.join()).joined['node']).toBe('node-2');
});

test('[GW20] no node at all: noCapacity, which is temporary', async () => {
  await using world = await World.create();
  await world.node.stop();
  await settle();
  const socket = world.gateway.connect();
  expect(await socket.ask({ action: 'join', room: 'demo', id: 1 })).toMatchObject({
    code: 'noCapacity',
    temporary: true,
  });
  expect(world.gateway.switchboard.rooms.size).toBe(0);
});

test('[GW21] a join names its node where that is allowed, and is refused where it is not', async () => {
  await using world = await World.create({ nodes: 2 });
  const socket = world.gateway.connect();
  expect(await socket.ask({ action: 'join', room: 'demo', node: 'node-2', id: 1 })).toMatchObject({
    code: 'forbidden',
  });
  const open = await world.addGateway({ ALLOW_NODE_CHOICE: 'true' });
  expect((await open.join({ node: 'node-2' })).joined['node']).toBe('node-2');
  const none = open.connect();
  expect(await none.ask({ action: 'join', room: 'demo', node: 'node-9', id: 1 })).toMatchObject({
    code: 'nodeUnavailable',
    temporary: true,
  });
});
