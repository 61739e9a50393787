import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { demo, World } from '../support/world.ts';

test('[GW1] a join answers with the room as it is, without oneself', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join({ name: 'Ann', metadata: { seat: 1 } });
  expect(ann.joined).toMatchObject({ room: 'demo', node: 'node-1', peers: [], iceServers: [], rtpCapabilities: {} });
  await ann.ask({
    action: 'produce',
    id: 1,
    transportId: 't1',
    kind: 'video',
    rtpParameters: { codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }] },
    source: 'camera',
  });
  const bob = await world.gateway.join({ name: 'Bob' });
  expect(bob.joined['peers']).toEqual([
    {
      peerId: ann.joined.peerId,
      name: 'Ann',
      metadata: { seat: 1 },
      node: 'node-1',
      connection: 'here',
      producers: [{ producerId: expect.any(String), kind: 'video', source: 'camera', paused: false }],
    },
  ]);
  expect(bob.joined.epoch).toBe(ann.joined.epoch);
  const peerJoined = await ann.waitFor('peerJoined', 1);
  expect(peerJoined).toEqual({
    type: 'peerJoined',
    peerId: bob.joined.peerId,
    name: 'Bob',
    node: 'node-1',
    connection: 'here',
    epoch: ann.joined.epoch,
    seq: bob.joined.seq,
  });
});

test('[GW2] the node learns the hash of the resume token, and nobody the token', async () => {
  await using world = await World.create();
  const { joined } = await world.gateway.join();
  const token = joined['resumeToken'] as string;
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  const params = world.node.called('joinPeer')[0]?.params;
  expect(params?.['resumeHash']).toBe(createHash('sha256').update(token).digest('base64url'));
  expect(JSON.stringify(params)).not.toContain(token);
  const snapshot = await world.directory.snapshot(demo);
  expect(snapshot?.peers[0]?.gateway).toBe(world.gateway.switchboard.address);
});
