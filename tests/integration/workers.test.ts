import { LocalCluster } from '@sluice/local';
import type { RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

type Node = LocalCluster['nodes'][number];

let cluster: LocalCluster;
let nodeA: Node;
let nodeB: Node;

beforeAll(async () => {
  const settings = { PLACEMENT: 'pack', EMPTY_SLICE_MS: '100', PIPE_IDLE_MS: '100' };
  cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 2, port: 0, host: '127.0.0.1', settings });
  [nodeA, nodeB] = cluster.nodes as [Node, Node];
});

afterAll(() => cluster?.stop());

const join = (node: Node, room: string) => RawPeer.join({ url: cluster.url, node: node.owner.node }, room);

/** As the meter would find it: until its next sample, half of which this still is. */
function heat({ pool }: Node, loads: number[]): void {
  for (const worker of pool.workers) worker.load = loads[worker.index] ?? 0;
}

const workersOf = (node: Node, room: string) =>
  (node.slices.get(room as RoomId)?.routers ?? []).map(({ worker, peers }) => `${worker.index}:${peers}`).sort();

it('[NO8] a room stays on one worker while that has headroom, takes a second when it is hot, and comes back', async () => {
  const room = newRoom();
  const peers: RawPeer[] = [];
  const enter = async () => peers.push(await join(nodeA, room));
  heat(nodeA, [0.1, 0.2]);
  await enter();
  heat(nodeA, [0.6, 0]);
  await enter();
  expect(workersOf(nodeA, room)).toEqual(['0:2']);
  heat(nodeA, [0.9, 0.1]);
  await enter();
  expect(workersOf(nodeA, room)).toEqual(['0:2', '1:1']);
  heat(nodeA, [0.2, 0.5]);
  await enter();
  expect(workersOf(nodeA, room)).toEqual(['0:3', '1:1']);
  heat(nodeA, [0.95, 0.9]);
  await enter();
  expect(workersOf(nodeA, room), 'all are hot: the least so').toEqual(['0:3', '1:2']);
  for (const peer of peers) await peer[Symbol.asyncDispose]();
  await eventually('the slice to be gone', () => nodeA.slices.size === 0);
});

it('[NO8] [PI12] a viewer on the second worker of its node is served from the first, over one pipe between the nodes', async () => {
  const room = newRoom();
  await using ada = await join(nodeA, room);
  heat(nodeB, [0.1, 0.2]);
  await using bob = await join(nodeB, room);
  heat(nodeB, [0.9, 0.2]);
  await using eve = await join(nodeB, room);
  expect(workersOf(nodeB, room)).toEqual(['0:1', '1:1']);
  const camera = await ada.produce('video');
  for (const viewer of [bob, eve]) expect((await viewer.consume(camera)).consumers[0]).toMatchObject({ path: 'node' });
  const slice = nodeB.slices.get(room as RoomId);
  expect([...(slice?.pipes.carriages ?? [])].map(({ end, router }) => `${end.scope} ${router.worker.index}`)).toEqual([
    'node 0',
    'worker 1',
  ]);
});

it("[NO8] the viewer on the second worker sees its own node's publisher over a pipe between the workers", async () => {
  const room = newRoom();
  heat(nodeA, [0.1, 0.2]);
  await using ada = await join(nodeA, room);
  const camera = await ada.produce('video');
  heat(nodeA, [0.9, 0.2]);
  await using bob = await join(nodeA, room);
  expect((await bob.consume(camera)).consumers[0]).toMatchObject({ path: 'worker' });
});
