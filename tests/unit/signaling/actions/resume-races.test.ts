import { SluiceError } from '@sluice/shared';
import { ManualClock, settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { FakeNode } from '../support/fake-node.ts';
import type { ReceivedFrame } from '../support/fake-socket.ts';
import { demo, type JoinedSocket, World } from '../support/world.ts';

const resumption = ({ joined }: JoinedSocket) => {
  const { peerId, epoch, seq } = joined;
  return { action: 'resume', room: demo, peerId, resumeToken: joined['resumeToken'], epoch, seq, id: 'resume' };
};

/** Has something happen after the node has answered a resume, and before the gateway has heard the answer. */
function afterAttach(node: FakeNode, happens: () => Promise<unknown>): void {
  let isFirst = true;
  node.on('attachPeer', async (params) => {
    const had = await node.answer('attachPeer', params);
    if (!isFirst) return had;
    isFirst = false;
    await happens();
    await settle();
    return had;
  });
}

test('[GW43] a peer that is kicked while it is resumed is not resumed', async () => {
  await using world = await World.create();
  const { node, gateway } = world;
  const ann = await gateway.join({ peerId: 'ann' });
  const bob = await gateway.join({ peerId: 'bob' });
  ann.lose();
  afterAttach(node, () =>
    node.directory.commit(demo, { node: node.id, boot: node.boot }, [
      {
        type: 'removePeer',
        peerId: 'ann' as never,
        resumeHash: node.peers.get('ann')?.resumeHash ?? '',
        reason: 'kicked',
        producerIds: [],
      },
    ]),
  );
  const again = gateway.connect();
  expect(await again.ask(resumption(ann))).toMatchObject({ type: 'error', code: 'resumeRejected' });
  expect(gateway.switchboard.seats.size).toBe(1);
  await bob.ask({ action: 'sendMessage', payload: 'secret', id: 1 });
  await settle();
  expect(again.events).toEqual([]);
  expect((await again.ask({ action: 'join', room: 'other', id: 2 })).type, 'the connection lives').toBe('joined');
});

test('[GW43] of two resumes at two gateways the later one has the peer, and it alone', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const ann = await world.gateway.join({ peerId: 'ann' });
  ann.lose();
  let later: Promise<ReceivedFrame> | undefined;
  const winner = other.connect();
  afterAttach(world.node, async () => {
    later = winner.ask(resumption(ann));
    await later;
  });
  const loser = world.gateway.connect();
  expect(await loser.ask(resumption(ann))).toMatchObject({ type: 'error', code: 'resumeRejected' });
  expect(await later).toMatchObject({ type: 'resumed' });
  expect(world.gateway.switchboard.seats.size + other.switchboard.seats.size).toBe(1);
  expect(world.gateway.switchboard.rooms.size).toBe(0);
  expect(await winner.ask({ action: 'restartIce', transportId: 't', id: 1 })).toMatchObject({ type: 'iceRestarted' });
  // Its own connection, where it still stands, gives up nothing of the winner's.
  loser.disconnect();
  await settle();
  expect(world.node.called('leavePeer')).toEqual([]);
});

test('[GW43] after a lost node, too, an older session of the gateway is closed when a newer one takes its peer', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join({ peerId: 'ann' });
  const lost = world.nodes.find(({ peers }) => peers.has('ann')) as FakeNode;
  await clock.advance(1000);
  await lost.die();
  const again = world.gateway.connect();
  expect(await again.ask(resumption(ann))).toMatchObject({ type: 'resumed' });
  expect(ann.closedWith).toBe(4504);
  expect(world.gateway.switchboard.seats.size).toBe(1);
  await clock.advance(2000);
  expect(again.of('move')).toHaveLength(1);
  expect(ann.of('move')).toEqual([]);
  expect(world.gateway.switchboard.rooms.size).toBe(1);
  again.disconnect();
  await eventually(() => world.gateway.switchboard.rooms.size === 0);
});

for (const [what, fail] of [
  [
    'the room cannot be read any more',
    (world: World) => {
      const { directory } = world.gateway;
      afterAttach(world.node, async () => {
        directory.eventsAfter = () => Promise.reject(new SluiceError('coordinatorUnavailable', 'Away.'));
      });
    },
  ],
  [
    'the node does not answer in time',
    (world: World) => {
      world.node.on('attachPeer', async (params) => {
        await world.node.answer('attachPeer', params);
        return Promise.withResolvers<never>().promise;
      });
    },
  ],
] as const) {
  test(`[GW43] a resume that fails once the node listens leaves the peer to be resumed: ${what}`, async () => {
    const clock = new ManualClock();
    await using world = await World.create({ clock });
    const ann = await world.gateway.join({ peerId: 'ann' });
    ann.lose();
    await eventually(() => world.node.called('detachPeer').length === 1);
    fail(world);
    const again = world.gateway.connect();
    again.say(resumption(ann));
    await clock.advance(2500);
    expect(again.of('error')).toMatchObject([{ temporary: true }]);
    await eventually(() => world.node.called('detachPeer').length === 2);
    expect(world.node.called('detachPeer')[1]?.params['sessionId']).toBe(
      world.node.called('attachPeer')[0]?.params['sessionId'],
    );
    expect(world.gateway.switchboard.seats.size).toBe(0);
  });
}

test('[GW43] who joins while the gateway drains is sent away too', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const ann = await world.gateway.join();
  const waiting = world.gateway.connect();
  world.gateway.switchboard.drain.begin(5000);
  await waiting.ask({ action: 'join', room: demo, id: 1 });
  await eventually(() => waiting.of('goingAway').length === 1);
  expect(waiting.frames.map(({ type }) => type).slice(0, 2)).toEqual(['joined', 'goingAway']);
  expect(ann.of('goingAway')).toHaveLength(1);
});
