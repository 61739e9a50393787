import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawPeer } from '../../../support/raw/raw-peer.ts';
import { newRoom } from '../../../support/clusters/use-stage.ts';

const soon = { withinMs: 10_000 };

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({
    nodes: 2,
    gateways: 1,
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    settings: { PIPE_IDLE_MS: '50', EMPTY_SLICE_MS: '50' },
    // The second node has ports for two pipes.
    nodeSettings: (index) => (index === 1 ? { PIPE_PORT_MIN: '41990', PIPE_PORT_MAX: '41991' } : {}),
  });
});
afterAll(() => cluster?.stop());

const join = (index: number, room: string) =>
  RawPeer.join({ url: cluster.url, node: cluster.nodes[index]!.owner.node }, room);

/** What the others hear of the second node. */
const heard = () => cluster.nodes[0]!.registry.node(cluster.nodes[1]!.owner.node)?.accepting;

/** A room on both nodes, and what became of the pipe between them. */
async function roomOnBoth(stack: AsyncDisposableStack): Promise<string[]> {
  const room = newRoom();
  const publisher = stack.use(await join(0, room));
  const viewer = stack.use(await join(1, room));
  const { failed } = await viewer.consume(await publisher.produce('audio'));
  return failed.map(({ code }) => code);
}

it('[NO53] a node whose ports are spent takes no peers until a pipe gives one back', async () => {
  const stack = new AsyncDisposableStack();
  const first = new AsyncDisposableStack();
  expect(await roomOnBoth(first)).toEqual([]);
  expect(await roomOnBoth(stack)).toEqual([]);
  expect(await roomOnBoth(stack)).toEqual(['noCapacity']);
  await eventually('the others to know', () => heard() === false, soon);
  await expect(join(1, newRoom())).rejects.toMatchObject({ code: 'nodeUnavailable' });
  await first.disposeAsync();
  await eventually('the others to know that a port is free', () => heard() === true, soon);
  await stack.disposeAsync();
  await using late = await join(1, newRoom());
  expect(late.joined.node).toBe(cluster.nodes[1]!.owner.node);
});
