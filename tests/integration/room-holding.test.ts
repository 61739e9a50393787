import { LocalCluster } from '@sluice/local';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' });
});

afterAll(() => cluster?.stop());

const get = async (opsPort: number | undefined, room: string) => {
  const response = await fetch(`http://127.0.0.1:${opsPort}/rooms/${room}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

it('[CL40] the private port of a node and of a gateway says what each holds of a room', async () => {
  const room = `${newRoom()} Größe 1/2`;
  await using ada = await RawPeer.join({ url: cluster.url, node: 'node-1' }, room);
  const producerId = await ada.produce('video');
  const { peerId } = ada.joined;
  const [node, other] = cluster.nodes;
  const asked = encodeURIComponent(room);
  const held = (await get(node?.opsPort, asked)).body;
  expect(held).toMatchObject({
    room,
    node: 'node-1',
    hearing: true,
    slice: { fenced: false, routers: 1, pipes: 0 },
    peers: [{ peerId, state: 'here', producers: [{ producerId, kind: 'video', paused: false }], consumers: 0 }],
    leftOut: 0,
  });
  expect((await get(other?.opsPort, asked)).body).toMatchObject({ room, node: 'node-2', peers: [] });
  const told = (await get(cluster.gateways[0]?.opsPort, asked)).body;
  expect(told).toMatchObject({
    room,
    gateway: 'gateway-1',
    sessions: [{ peerId, node: 'node-1' }],
    picture: { peers: [{ peerId, node: 'node-1' }], producers: [{ producerId, peerId, paused: false }] },
  });
  // No secret that makes somebody this peer.
  expect(JSON.stringify([held, told])).not.toMatch(/resume/i);
});

it('[CL40] a room that nobody knows is held by nobody, and a name that is none is refused', async () => {
  for (const { opsPort } of [...cluster.nodes, ...cluster.gateways]) {
    const { status, body } = await get(opsPort, 'nowhere');
    expect(status).toBe(200);
    expect(body['peers'] ?? body['sessions']).toEqual([]);
    expect(await get(opsPort, '%E0%A4%A')).toMatchObject({ status: 400, body: { code: 'badRequest' } });
  }
});
