import { LocalCluster } from '@sluice/local';
import type { DrainStatus } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

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
    expect(await peer.ask('restartIce', { transportId: peer.sendTransportId })).toMatchObject({
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

it('[GW36] any process drains any other by its name, and calls it off', async () => {
  const room = newRoom();
  await using ann = await join(room);
  const [gateway, other] = cluster.gateways;
  const ports = [gateway?.opsPort ?? 0, nodeB.opsPort, nodeA.opsPort];
  const accept = takesOnly(nodeB, 0);
  for (const port of ports) {
    const begun = await ops(port, 'POST', '/nodes/node-1/drain?deadlineMs=60000');
    expect(begun).toEqual({ status: 200, body: { draining: true, over: false, remaining: 1, moved: 0, failed: 0 } });
    expect(nodeA.drain.draining).toBe(true);
    expect((await ops(port, 'GET', '/nodes/node-1/drain')).body).toMatchObject({ draining: true, remaining: 1 });
    expect((await ops(port, 'DELETE', '/nodes/node-1/drain')).body).toMatchObject({ draining: false });
    expect(nodeA.drain.draining).toBe(false);
  }
  accept();
  const spread = await ops(ports[1] ?? 0, 'POST', '/gateways/gateway-2/drain?deadlineMs=1000');
  expect(spread).toMatchObject({ status: 200, body: { draining: true, remaining: 0 } });
  expect((await ops(other?.opsPort ?? 0, 'GET', '/readyz')).status).toBe(503);
  await expect(RawPeer.join({ url: cluster.urlOf(1), node: 'node-1' }, room)).rejects.toMatchObject({
    code: 'unreachable',
  });
  await ops(ports[1] ?? 0, 'DELETE', '/gateways/gateway-2/drain');
  await using bob = await RawPeer.join({ url: cluster.urlOf(1), node: 'node-1' }, room);
  expect(bob.joined.peers.map(({ peerId }) => peerId)).toEqual([ann.joined.peerId]);
});

it("[GW36] whom nobody knows is not found; a deadline that is none is the caller's fault", async () => {
  const port = cluster.gateways[0]?.opsPort ?? 0;
  for (const method of ['POST', 'GET', 'DELETE']) {
    expect(await ops(port, method, '/nodes/nobody/drain')).toMatchObject({
      status: 404,
      body: { code: 'nodeUnknown' },
    });
    expect(await ops(nodeA.opsPort, method, '/gateways/node-1/drain')).toMatchObject({
      status: 404,
      body: { code: 'gatewayUnknown' },
    });
  }
  for (const deadline of ['soon', '-1', '1.5', '', '86400001']) {
    const { status, body } = await ops(port, 'POST', `/nodes/node-1/drain?deadlineMs=${deadline}`);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'badRequest' });
  }
  expect(nodeA.drain.draining).toBe(false);
});
