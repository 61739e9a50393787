import { Connection } from '@sluice/client';
import { LocalCluster } from '@sluice/local';
import type { MoveEvent } from '@sluice/shared/protocol';
import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { readMetric } from '../support/clusters/cluster.ts';
import { RawPeer, rtpParametersOf } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

/** One node with one worker: who loses it waits for the next. */
async function lonely(gateways = 1) {
  const cluster = await LocalCluster.start({ nodes: 1, gateways, workers: 1, port: 0, host: '127.0.0.1' });
  const [node] = cluster.nodes;
  if (!node) throw new Error('There is no node.');
  const killWorker = () => {
    for (const worker of node.pool.workers) node.pool.kill(worker);
  };
  const read = (name: string, labels?: Record<string, string>) =>
    readMetric(`http://127.0.0.1:${node.opsPort}`, name, labels);
  return { cluster, node, killWorker, read, [Symbol.asyncDispose]: () => cluster.stop() };
}

function movesOf(connection: Connection): MoveEvent[] {
  const moves: MoveEvent[] = [];
  connection.on('event', (event) => {
    if (event.type === 'move') moves.push(event);
  });
  return moves;
}

it('[NO11] [GW32] the only worker dies: the peer gets the next one, is told once, and the node until it has answered', async () => {
  await using place = await lonely();
  const { cluster, killWorker, read } = place;
  await using ann = await RawPeer.join({ url: cluster.url, node: 'node-1' }, newRoom());
  const camera = await ann.produce('video');
  const moves = movesOf(ann.connection);
  killWorker();
  const move = await eventually('the move', () => moves[0]);
  expect(move).toMatchObject({ reason: 'workerLost', deadlineMs: 0 });
  await eventually('the notice to be said again', async () => (await read('sfu_move_notices_repeated_total')) > 0);
  expect(moves).toHaveLength(1);
  const fields = { transportId: move.producerTransport.id, kind: 'video' as const, replaces: camera };
  expect(await ann.ask('produce', { ...fields, rtpParameters: rtpParametersOf('video') })).toMatchObject({
    type: 'produced',
  });
  await ann.ask('moved', {});
  const stood = { reason: 'workerLost', result: 'ok' };
  await eventually('the move to be over', async () => (await read('sfu_move_duration_seconds_count', stood)) === 1);
});

it('[NO11] [GW32] a worker dies while the peer has no session: it is told behind resumed', async () => {
  await using place = await lonely(2);
  const { cluster, killWorker, read } = place;
  const room = newRoom();
  await using ann = await RawPeer.join({ url: cluster.url, node: 'node-1' }, room);
  const camera = await ann.produce('video');
  const { peerId, resumeToken, epoch, seq } = ann.joined;
  await cluster.gateways[0]?.stop();
  killWorker();
  await eventually('the peer to be moved', async () => {
    return (await read('sfu_moves_total', { reason: 'workerLost', result: 'ok' })) === 1;
  });
  const connection = await Connection.open(`${cluster.urlOf(1).replace('http', 'ws')}/ws`);
  const moves = movesOf(connection);
  await connection.request('resume', { room, peerId, resumeToken, epoch, seq });
  const { producerTransport } = await eventually('the move', () => moves[0]);
  const media = { transportId: producerTransport.id, kind: 'video' as const, rtpParameters: rtpParametersOf('video') };
  await connection.request('produce', { ...media, replaces: camera });
  await connection.request('moved', {});
  await eventually(
    'the node to know',
    () => [...(place.node.slices.get(room as never)?.peers.values() ?? [])][0]?.move === undefined,
  );
  connection.close();
});

it('[NO11] the worker that a peer moves to dies too: one of the two losses moves the peer, not both', async () => {
  await using cluster = await LocalCluster.start({ nodes: 1, gateways: 1, workers: 2, port: 0, host: '127.0.0.1' });
  const [node] = cluster.nodes;
  const room = newRoom();
  await using ann = await RawPeer.join({ url: cluster.url, node: 'node-1' }, room);
  const slice = node?.slices.get(room as never);
  const peer = [...(slice?.peers.values() ?? [])][0];
  if (!node || !slice || !peer) throw new Error('Ann is not on the node.');
  const moves = movesOf(ann.connection);
  const choose = slice.routerForPeer.bind(slice);
  let tries = 0;
  slice.routerForPeer = async () => {
    const router = await choose();
    if (++tries > 1) return router;
    // The first choice takes the peer, never answers again, and dies when the peer is on it.
    process.kill(router.worker.worker.pid, 'SIGSTOP');
    void eventually('the peer to be there', () => peer.router === router).then(() => node.pool.kill(router.worker));
    return router;
  };
  node.pool.kill(peer.router.worker);
  await eventually('both losses to have chosen a router', () => tries >= 3, { withinMs: 15_000 });
  // In the peer's mailbox, behind whatever the last choice led to.
  await ann.ask('createWebRtcTransport', { direction: 'send' });
  expect(moves).toHaveLength(1);
  expect(moves[0]?.consumerTransport.id).toBeDefined();
});
