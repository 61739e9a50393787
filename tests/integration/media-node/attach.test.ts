import { LocalCluster } from '@sluice/local';
import type { RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Connection } from '../../../packages/client/src/line/connection.ts';
import { RawPeer } from '../../support/raw/raw-peer.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' });
});
afterAll(() => cluster.stop());

it('[NO9] a peer is taken up also where its node hears of that before its own write is answered', async () => {
  const room = newRoom();
  await using peer = await RawPeer.join({ url: cluster.url, node: cluster.nodes[0]!.owner.node }, room);
  const slice = cluster.nodes[0]!.slices.get(room as RoomId)!;
  const commit = slice.commit.bind(slice);
  slice.commit = async (...changes) => {
    const position = await commit(...changes);
    await eventually('the event of it', () => (slice.feed.position?.seq ?? 0) >= position.seq);
    return position;
  };
  const again = await Connection.open(`${cluster.url.replace('http', 'ws')}/ws`);
  const { peerId, resumeToken, epoch, seq } = peer.joined;
  await again.request('resume', { room, peerId, resumeToken, epoch, seq });
  expect([...slice.peers.keys()]).toEqual([peerId]);
  await again.request('sendMessage', { payload: 'still here' });
  again.close();
});
