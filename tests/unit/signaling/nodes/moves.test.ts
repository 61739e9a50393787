import { SluiceError } from '@sluice/shared';
import { ManualClock, settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { rtpParameters } from '../support/examples.ts';
import type { FakeNode } from '../support/fake-node.ts';
import { moveNotice } from '../support/node-answers.ts';
import { demo, type JoinedSocket, World } from '../support/world.ts';

const resumption = ({ joined }: JoinedSocket) => {
  const { peerId, epoch, seq } = joined;
  return { action: 'resume', room: demo, peerId, resumeToken: joined['resumeToken'], epoch, seq, id: 'resume' };
};

function nodeOf(world: World, { joined }: JoinedSocket): FakeNode {
  const node = world.nodes.find(({ peers }) => peers.has(joined.peerId));
  if (!node) throw new Error('No node has this peer.');
  return node;
}

/** The node says a move to whoever speaks for the peer now. */
function say(node: FakeNode, { joined }: JoinedSocket, notice: object): void {
  const record = node.peers.get(joined.peerId);
  if (record) node.notify(record, demo, notice);
}

test('[GW32] a move that the session was not there to be told of comes behind resumed, and once', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  ann.lose();
  const notice = moveNotice(world.node);
  world.node.on('attachPeer', async (params) => ({
    ...((await world.node.answer('attachPeer', params)) as object),
    move: notice,
  }));
  const again = world.gateway.connect();
  await again.ask(resumption(ann));
  await again.waitFor('move');
  expect(again.frames.map(({ type }) => type)).toEqual(['resumed', 'move']);
  say(world.node, ann, notice);
  await settle();
  expect(again.of('move')).toHaveLength(1);
  expect(world.node.called('releasePeer')).toEqual([]);
  await again.ask({ action: 'moved', id: 1 });
  await eventually(() => world.node.called('releasePeer').length === 1);
  // As a node that has not heard it.
  say(world.node, ann, notice);
  await eventually(() => world.node.called('releasePeer').length === 2);
  expect(again.of('move')).toHaveLength(1);
});

test('[GW32] what a node says before the session is there comes behind resumed, in order', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  ann.lose();
  const notice = moveNotice(world.node);
  world.node.on('attachPeer', async (params) => {
    const had = await world.node.answer('attachPeer', params);
    say(world.node, ann, notice);
    say(world.node, ann, { type: 'transportClosed', transportId: 't', reason: 'workerLost' });
    await settle();
    return had;
  });
  const again = world.gateway.connect();
  await again.ask(resumption(ann));
  await again.waitFor('transportClosed');
  expect(again.frames.map(({ type }) => type)).toEqual(['resumed', 'move', 'transportClosed']);
});

test('[GW32] what a node says to a session that did not come about is dropped and counted', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  ann.lose();
  world.node.on('attachPeer', async (params) => {
    await world.node.answer('attachPeer', params);
    throw new SluiceError('internal', 'It fails here.');
  });
  expect((await world.gateway.connect().ask(resumption(ann))).type).toBe('error');
  say(world.node, ann, moveNotice(world.node));
  await settle();
  const dropped = 'sfu_gateway_messages_dropped_total{reason="noSession"} 1';
  expect(await world.gateway.metrics.metrics()).toContain(dropped);
});

test('[GW32] a node that took the peer is followed there though its answer was lost', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join();
  const old = nodeOf(world, ann);
  const next = world.nodes.find((node) => node !== old) as FakeNode;
  next.on('joinPeer', async (params) => {
    await next.answer('joinPeer', params);
    return Promise.withResolvers<never>().promise;
  });
  await clock.advance(1000);
  await old.die();
  await clock.advance(4000);
  expect(ann.of('move')).toEqual([]);
  say(next, ann, moveNotice(next, { reason: 'nodeLost' }));
  await clock.advance(0);
  expect(ann.of('move')).toHaveLength(1);
  await ann.ask({ action: 'restartIce', transportId: 't', id: 1 });
  expect(next.called('restartIce')).toHaveLength(1);
});

test('[GW32] what was lost with its node can be replaced by way of a gateway that never knew it', async () => {
  const clock = new ManualClock();
  const settings = { ALLOW_NODE_CHOICE: 'true' };
  await using world = await World.create({ clock, nodes: 2, settings });
  const watcher = await world.gateway.join({ node: 'node-1' });
  const other = await world.addGateway(settings);
  const ann = await other.join({ node: 'node-2' });
  const camera = { kind: 'video', rtpParameters, transportId: 't1' };
  const { producerId } = await ann.ask({ action: 'produce', ...camera, id: 1 });
  const lost = nodeOf(world, ann);
  await clock.advance(1000);
  ann.lose();
  await lost.die();
  await clock.advance(4000);
  expect(watcher.of('producerClosed')).toMatchObject([{ producerId, reason: 'nodeLost' }]);
  const again = world.gateway.connect();
  const resuming = again.ask(resumption(ann));
  await clock.advance(100);
  expect(await resuming).toMatchObject({ type: 'resumed' });
  await clock.advance(1000);
  expect(await world.gateway.metrics.metrics()).toContain('sfu_gateway_resumes_total{reason="nodeLost",result="ok"} 1');
  expect(again.of('move')).toHaveLength(1);
  expect(await again.ask({ action: 'produce', ...camera, replaces: producerId, id: 2 })).toMatchObject({
    type: 'produced',
  });
  const foreign = await again.ask({ action: 'produce', ...camera, replaces: 'somebody-elses', id: 3 });
  expect(foreign).toMatchObject({ code: 'badRequest', details: { path: 'replaces' } });
});

test('[GW38] resumed and move say where the media is', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join();
  const old = nodeOf(world, ann);
  const next = world.nodes.find((node) => node !== old) as FakeNode;
  ann.lose();
  const again = world.gateway.connect();
  expect(await again.ask(resumption(ann))).toMatchObject({ node: old.id });
  await clock.advance(1000);
  await old.die();
  await clock.advance(600);
  expect(again.of('move')).toMatchObject([{ node: next.id }]);
});

test('[GW33] a resume while the peer is being moved finds it where it goes', async () => {
  await using world = await World.create({ nodes: 2 });
  const ann = await world.gateway.join();
  ann.lose();
  const old = nodeOf(world, ann);
  const next = world.nodes.find((node) => node !== old) as FakeNode;
  old.on('attachPeer', async () => {
    const record = old.peers.get(ann.joined.peerId);
    if (!record) throw new Error('It was here.');
    const peer = { ...record, node: next.id, boot: next.boot };
    next.peers.set(peer.peerId, peer);
    await next.directory.take(demo, peer, record);
    throw new SluiceError('peerNotFound', 'This peer is not here.');
  });
  const again = world.gateway.connect();
  expect(await again.ask(resumption(ann))).toMatchObject({ type: 'resumed' });
  await again.ask({ action: 'restartIce', transportId: 't', id: 1 });
  expect(next.called('restartIce')).toHaveLength(1);
});

test('[GW33] a session that is lost while its peer is moved leaves it to be resumed', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2 });
  const ann = await world.gateway.join();
  const old = nodeOf(world, ann);
  const next = world.nodes.find((node) => node !== old) as FakeNode;
  const answer = Promise.withResolvers<void>();
  next.on('joinPeer', async (params) => {
    const result = await next.answer('joinPeer', params);
    await answer.promise;
    return result;
  });
  await clock.advance(1000);
  await old.die();
  await clock.advance(600);
  expect(next.called('joinPeer')).toHaveLength(1);
  ann.lose();
  await clock.advance(0);
  answer.resolve();
  await clock.advance(100);
  expect(next.called('detachPeer')).toHaveLength(1);
  expect(next.called('leavePeer')).toEqual([]);
  const again = world.gateway.connect();
  const resuming = again.ask(resumption(ann));
  await clock.advance(100);
  expect(await resuming).toMatchObject({ type: 'resumed' });
});
