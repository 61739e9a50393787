import type { OperationParams, RoomId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { describeCarried } from '../../apps/media-node/src/mediasoup/consumers.ts';
import { eventsOf, join, nodes, sliceOf, soon, useTwoNodes } from '../support/clusters/two-nodes.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

useTwoNodes();

it('[GW32] a peer that is taken over after a loss is answered at once, and its consumers follow', async () => {
  const room = newRoom() as RoomId;
  await using publisher = await join(nodes.B, room);
  await using viewer = await join(nodes.A, room, ['replace']);
  const [consumer] = (await viewer.consume(await publisher.produce('video'))).consumers;
  const heard = eventsOf(viewer);
  const peer = [...(sliceOf(nodes.A, room)?.peers.values() ?? [])].find(({ id }) => id === viewer.joined.peerId);
  if (!peer || !consumer) throw new Error('The viewer is not on the first node.');
  const { node, boot, peerId, sessionId, gateway, resumeHash, features } = peer.record;
  const ask = nodes.A.endpoint;
  const params = {
    ...{ room, peerId, sessionId, gateway, resumeHash, features, transports: true },
    rtpCapabilities: viewer.joined.rtpCapabilities,
    from: { node, boot, sessionId, reason: 'nodeLost', deadlineMs: 0 },
    consumers: [...peer.consumers.values()].map(({ consumer: own }) => describeCarried(own)),
  } as OperationParams<'joinPeer'>;

  const { move } = await ask.call(nodes.B.endpoint.inbox, 'joinPeer', params, { ttlMs: 2000 });

  expect(move).toMatchObject({ reason: 'nodeLost', node: nodes.B.owner.node });
  expect(move?.consumers).toBeUndefined();
  const follows = () => heard.some(({ type, replaces }) => type === 'consumerAdded' && replaces === consumer.id);
  await eventually('the consumer to follow', follows, soon);
  const leave = { room, peerId, sessionId, reason: 'left' } as OperationParams<'leavePeer'>;
  await ask.call(nodes.B.endpoint.inbox, 'leavePeer', leave, { ttlMs: 2000 });
});
