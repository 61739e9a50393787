import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawPeer } from '../../../support/raw/raw-peer.ts';
import { newRoom } from '../../../support/clusters/use-stage.ts';

type Node = LocalCluster['nodes'][number];

const workers = 3;

/** How many peers each worker has, by its index. */
function peersByWorker(node: Node): number[] {
  const counts = Array.from({ length: workers }, () => 0);
  for (const slice of node.slices) {
    for (const { worker, peers } of slice.routers) counts[worker.index] = (counts[worker.index] ?? 0) + peers;
  }
  return counts;
}

/** One node of three workers, empty again after each test. */
function useNode(policy: 'pack' | 'spread') {
  let cluster: LocalCluster;
  let everyone: RawPeer[] = [];
  const node = (): Node => cluster.nodes[0]!;

  beforeAll(async () => {
    const settings = { PLACEMENT: policy, EMPTY_SLICE_MS: '50' };
    cluster = await LocalCluster.start({ nodes: 1, gateways: 1, workers, port: 0, host: '127.0.0.1', settings });
  });
  afterEach(async () => {
    for (const peer of everyone) await peer[Symbol.asyncDispose]();
    everyone = [];
    await eventually('the node to be empty', () => node().slices.size === 0, { withinMs: 10_000 });
    expect(node().pool.workers.map(({ peers }) => peers)).toEqual([0, 0, 0]);
  });
  afterAll(() => cluster?.stop());

  /** A peer for each of the rooms, all at once. */
  async function join(...rooms: string[]): Promise<number[]> {
    const place = { url: cluster.url, node: node().owner.node };
    everyone.push(...(await Promise.all(rooms.map((room) => RawPeer.join(place, room)))));
    return peersByWorker(node());
  }
  return { node, join };
}

describe.each(['pack', 'spread'] as const)('with the policy %s', (policy) => {
  const { node, join } = useNode(policy);

  it('[NO50] rooms born at the same moment are shared out among the workers', async () => {
    const counts = await join(...Array.from({ length: 60 }, () => newRoom()));
    expect(Math.max(...counts), String(counts)).toBeLessThanOrEqual(26);
  });

  it('[NO50] rooms born one after another, silent, are shared out too', async () => {
    for (let count = 0; count < 11; count++) await join(newRoom());
    const counts = await join(newRoom());
    expect(Math.max(...counts), String(counts)).toBeLessThanOrEqual(6);
  });

  it('[NO50] a worker that was started anew does not get every new room', async () => {
    const replaced = node().pool.workers[0]!;
    process.kill(replaced.worker.pid, 'SIGKILL');
    await eventually(
      'another worker in its place',
      () => node().pool.workers.length === workers && node().pool.workers[0] !== replaced,
      { withinMs: 10_000 },
    );
    const counts = await join(...Array.from({ length: 30 }, () => newRoom()));
    expect(Math.max(...counts), String(counts)).toBeLessThanOrEqual(15);
  });
});

describe('a burst of peers into one room', () => {
  const { join } = useNode('spread');

  it('[NO50] goes round the workers', async () => {
    const room = newRoom();
    expect(await join(...Array.from({ length: 90 }, () => room))).toEqual([30, 30, 30]);
  });
});
