import { LocalCluster } from '@sluice/local';
import type { RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import type { types } from 'mediasoup';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NativePublisher } from '../../../bench/native/publisher.ts';
import { NativeViewer } from '../../../bench/native/viewer.ts';
import { RawPeer } from '../../../support/raw/raw-peer.ts';
import { newRoom } from '../../../support/clusters/use-stage.ts';

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' });
});
afterAll(() => cluster.stop());

const socketUrl = () => `${cluster.url.replace('http', 'ws')}/ws`;
const nodeId = (index: number): string => cluster.nodes[index]!.owner.node;

/** The consumers that feed the pipes out of the first node. */
function given(room: string): types.Consumer[] {
  const ends = cluster.nodes[0]!.slices.get(room as RoomId)?.links.ends ?? [];
  return [...ends].flatMap((end) => [...end.given.values()]) as types.Consumer[];
}

it('[PI14] video waits where it is until a viewer behind the pipe can receive it, a second at most', async () => {
  const room = newRoom();
  await using publisher = await RawPeer.join({ url: cluster.url, node: nodeId(0) }, room);
  await using viewer = await RawPeer.join({ url: cluster.url, node: nodeId(1) }, room);
  // Its transport is never connected.
  await viewer.consume(await publisher.produce('video'), await publisher.produce('audio'));
  const pausedOf = (kind: string) => given(room).find((consumer) => consumer.kind === kind)?.paused;
  expect([pausedOf('video'), pausedOf('audio')]).toEqual([true, false]);
  await eventually('the pipe to open by itself', () => pausedOf('video') === false, { withinMs: 3000 });
});

it('[PI14] a viewer that can receive opens the pipe at once', async () => {
  const room = newRoom();
  const publisher = await NativePublisher.start({
    url: socketUrl(),
    room,
    place: { node: nodeId(0) },
    packetBytes: 200,
    keyFrameEvery: 1,
  });
  const sending = publisher.volley(Number.POSITIVE_INFINITY, 100);
  const viewer = await NativeViewer.start({ url: socketUrl(), room, place: { node: nodeId(1) } });
  await viewer.firstPacket;
  expect(viewer.consumer.path).toBe('node');
  // Left to itself it would have opened a second after it was made, and that was after `consumed`'s beginning.
  expect(viewer.times.firstPacket - viewer.times.joined).toBeLessThan(1000);
  viewer.close();
  publisher.close();
  await sending;
});
