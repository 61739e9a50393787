import { LocalCluster } from '@sluice/local';
import type { DrainStatus } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RawPeer } from '../support/raw-peer.ts';
import { newRoom } from '../support/use-stage.ts';

type Node = LocalCluster['nodes'][number];

let cluster: LocalCluster;
let nodeA: Node;
let nodeB: Node;

beforeEach(async () => {
  cluster = await LocalCluster.start({ nodes: 2, gateways: 2, workers: 1, port: 0, host: '127.0.0.1' });
  [nodeA, nodeB] = cluster.nodes as [Node, Node];
});

afterEach(() => cluster?.stop());

const join = (room: string, node = 'node-1') => RawPeer.join({ url: cluster.url, node }, room);

const ops = async (port: number, method: string, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> & Partial<DrainStatus> };
};

/** Ten peers with a camera each on the first node. */
async function ten(room: string) {
  const peers = await Promise.all(Array.from({ length: 10 }, () => join(room)));
  for (const peer of peers) await peer.produce('video');
  return peers;
}

/** Of those that come from elsewhere only so many find a place, until the returned function is called. */
function takesOnly(node: Node, count: number): () => void {
  const accept = node.assertAccepting.bind(node);
  let left = count;
  node.assertAccepting = () => {
    if (left-- <= 0) throw new SluiceError('noCapacity', 'No more.');
    accept();
  };
  return () => {
    node.assertAccepting = accept;
  };
}

it('[NO10] a drain of ten peers that is cancelled half-way leaves five where they are, and the node takes peers again', async () => {
  const room = newRoom();
  const peers = await ten(room);
  const accept = takesOnly(nodeB, 5);
  const { opsPort } = nodeA;
  expect((await ops(opsPort, 'POST', '/drain?deadlineMs=20000')).body).toMatchObject({ draining: true, over: false });
  const refused = await RawPeer.join({ url: cluster.url, node: 'node-1' }, room).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: expect.stringMatching(/noCapacity|nodeUnavailable/) });
  const five = async () => {
    const { body } = await ops(opsPort, 'GET', '/drain');
    expect((body.moved ?? 0) + (body.remaining ?? 0), 'nobody is counted twice, or not at all').toBe(10);
    return body.moved === 5;
  };
  await eventually('five to be moved', five, { withinMs: 10_000 });
  const cancelled = { draining: false, over: false, remaining: 5, moved: 5, failed: 0 };
  expect((await ops(opsPort, 'DELETE', '/drain')).body).toEqual(cancelled);
  accept();
  await eventually('the gateway to hear of it', async () => (await ops(opsPort, 'GET', '/readyz')).status === 200);
  for (const peer of peers) {
    // Those that moved still have their old place: both answer for what they have.
    expect(await peer.ask('restartIce', { transportId: peer.sendTransportId as never })).toMatchObject({
      type: 'iceRestarted',
    });
  }
  await using late = await eventually('the node to take somebody', () => join(room));
  expect(late.joined.node).toBe('node-1');
  expect((await ops(opsPort, 'GET', '/drain')).body).toMatchObject({ remaining: 6 });
  for (const peer of peers) await peer[Symbol.asyncDispose]();
});

it('[NO10] a drain that is asked for again only has a new deadline; when it is over, nobody comes until it is cancelled', async () => {
  const room = newRoom();
  const peers = await ten(room);
  const accept = takesOnly(nodeB, 5);
  const first = nodeA.drain.run(60_000);
  await eventually('five to be moved', () => nodeA.drain.status.moved === 5, { withinMs: 10_000 });
  const second = nodeA.drain.run(0);
  expect(await Promise.all([first, second])).toEqual(['deadline', 'deadline']);
  expect(nodeA.drain.status).toEqual({ draining: true, over: true, remaining: 0, moved: 5, failed: 5 });
  accept();
  expect(nodeA.report()).toMatchObject({ draining: true, accepting: false });
  nodeA.drain.cancel();
  expect(nodeA.report()).toMatchObject({ draining: false, accepting: true });
  for (const peer of peers) await peer[Symbol.asyncDispose]();
});
