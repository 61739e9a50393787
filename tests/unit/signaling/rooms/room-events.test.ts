import { channels } from '@sluice/shared';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { FakeSocket } from '../support/fake-socket.ts';
import { settle } from '@sluice/shared/testing';
import { demo, type JoinedSocket, joinWith, World } from '../support/world.ts';

const roomChannel = channels.room(demo);
const seqsOf = (socket: FakeSocket) => socket.events.map(({ seq }) => seq as number);
const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

async function after(microtasks: number, run: () => void): Promise<void> {
  for (let count = 0; count < microtasks; count++) await Promise.resolve();
  run();
}

async function say(world: World, socket: JoinedSocket, count: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index++) {
    await socket.ask({ action: 'sendMessage', payload: index, id: `m${index}` });
  }
  await settle();
}

test('[GW3] events come once and in order, to the one who caused them too', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const bob = await world.gateway.join();
  await say(world, ann, 20);
  for (const socket of [ann, bob]) {
    const last = ann.of('messageSent').at(-1)?.['seq'] as number;
    await eventually(() => seqsOf(socket).at(-1) === last);
    expect(seqsOf(socket)).toEqual(numbers(socket.joined.seq + 1, last));
    expect(socket.of('message').map(({ payload }) => payload)).toEqual(numbers(0, 19));
    expect(socket.events.every(({ epoch }) => epoch === socket.joined.epoch)).toBe(true);
  }
});

test('[GW3] a joiner whose snapshot is older than the shared feed gets a picture as new as the feed', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  // The node's answer is on its way while more happens in the room.
  world.node.on('joinPeer', async (params) => {
    const result = await world.node.answer('joinPeer', params);
    const owner = { node: world.node.id, boot: world.node.boot };
    for (const payload of [1, 2, 3]) {
      await world.directory.commit(demo, owner, [{ type: 'message', from: params.peerId, payload }]);
    }
    return result;
  });
  const bob = await world.gateway.join();
  await eventually(() => ann.of('message').length === 3);
  expect(bob.joined.seq).toBe(seqsOf(ann).at(-1));
  expect(bob.events).toEqual([]);
  await say(world, bob, 2);
  expect(seqsOf(bob)).toEqual([bob.joined.seq + 1, bob.joined.seq + 2]);
});

test('[GW3] a joiner whose snapshot is newer than the shared feed is answered when the feed is there', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  world.gateway.bus.hold((channel) => channel === roomChannel);
  const bob = await world.gateway.join();
  expect(bob.joined['peers']).toHaveLength(1);
  expect(seqsOf(ann)).toEqual([bob.joined.seq]);
  world.gateway.bus.letGo();
  await say(world, ann, 3);
  expect(seqsOf(ann)).toEqual(numbers(ann.joined.seq + 1, ann.joined.seq + 4));
  expect(seqsOf(bob)).toEqual(numbers(bob.joined.seq + 1, bob.joined.seq + 3));
});

test('[GW3] what happens between the snapshot and the first reply is heard after the reply', async () => {
  await using world = await World.create({ nodes: 1 });
  const other = await world.addGateway();
  const ann = await other.join();
  world.gateway.bus.hold((channel) => channel.includes('gateway'));
  const bob = world.gateway.connect();
  const joining = joinWith(bob);
  await eventually(() => ann.of('peerJoined').length === 1);
  await say(world, ann, 5);
  world.gateway.bus.letGo();
  await joining;
  const { seq } = bob.frames[0] as unknown as { seq: number };
  await say(world, ann, 2, 5);
  const last = ann.of('messageSent').at(-1)?.['seq'] as number;
  await eventually(() => seqsOf(bob).at(-1) === last);
  expect(seqsOf(bob)).toEqual(numbers(seq + 1, last));
});

test('[GW3] a batch lost on the bus is read from the stream when the next one shows the gap', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const bob = await world.gateway.join();
  let lost = 0;
  world.gateway.bus.hears = (channel) => channel !== roomChannel || ++lost > 3;
  await say(world, ann, 4);
  const last = ann.of('messageSent').at(-1)?.['seq'] as number;
  for (const socket of [ann, bob]) {
    await eventually(() => seqsOf(socket).at(-1) === last);
    expect(seqsOf(socket)).toEqual(numbers(socket.joined.seq + 1, last));
  }
  expect(await world.gateway.metrics.metrics()).toContain('sfu_registry_drift_total{kind="gap"} 1');
});

test('[GW41] a reader too far behind gets the room as it is', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const ann = await world.gateway.join();
  world.gateway.bus.hears = (channel) => channel !== roomChannel;
  const bob = await other.join({ name: 'Bob' });
  const node = world.node;
  for (let index = 0; index < 1100; index++) {
    const change = { type: 'message' as const, from: bob.joined.peerId as never, payload: index };
    await node.directory.commit(demo, { node: node.id, boot: node.boot }, [change]);
  }
  world.gateway.bus.hears = () => true;
  await say(world, bob, 1);
  const seen = await ann.waitFor('snapshot');
  expect(seen['peers']).toMatchObject([{ peerId: bob.joined.peerId, name: 'Bob' }]);
  expect(ann.of('peerJoined')).toEqual([]);
  expect(ann.of('message').length).toBeLessThanOrEqual(1);
});

test('[GW3] a hundred joins at once: each sees all the others once, in its reply or as an event after it', async () => {
  await using world = await World.create({ nodes: 3, settings: { PLACEMENT: 'spread' } });
  const gateways = [world.gateway, await world.addGateway()];
  const joining = gateways.flatMap((gateway) => numbers(0, 49).map((at) => gateway.join({ name: `${at}` })));
  const sockets = await Promise.all(joining);
  const last = Math.max(...sockets.map(({ joined }) => joined.seq));
  for (const socket of sockets) {
    await eventually(() => (seqsOf(socket).at(-1) ?? socket.joined.seq) >= last);
    expect(seqsOf(socket)).toEqual(numbers(socket.joined.seq + 1, last));
    expect(socket.frames[0]?.type).toBe('joined');
    const inReply = (socket.joined['peers'] as { peerId: string }[]).map(({ peerId }) => peerId);
    const later = socket.of('peerJoined').map(({ peerId }) => peerId as string);
    const others = sockets.map(({ joined }) => joined.peerId).filter((id) => id !== socket.joined.peerId);
    expect([...inReply, ...later].toSorted()).toEqual(others.toSorted());
  }
});

test('[GW3] nothing comes between the picture and the reply, in whatever instant an event is heard', async () => {
  // The event is handed over so many microtasks after the join could be answered: each place in between has its turn.
  for (let instant = 0; instant < 40; instant++) {
    await using world = await World.create();
    const { bus, directory } = world.gateway;
    const ann = await world.gateway.join();
    bus.hold((channel) => channel === roomChannel);
    const eventsAfter = directory.eventsAfter.bind(directory);
    directory.eventsAfter = async (room, position) => {
      const missed = await eventsAfter(room, position);
      await world.directory.commit(demo, { node: world.node.id, boot: world.node.boot }, [
        { type: 'message', from: ann.joined.peerId as never, payload: 'between' },
      ]);
      await settle();
      void after(instant, () => bus.letGo());
      return missed;
    };
    const bob = await world.gateway.join();
    await eventually(() => ann.of('message').length === 1);
    expect(bob.frames[0]?.type).toBe('joined');
    const last = seqsOf(ann).at(-1);
    expect([bob.joined.seq, ...seqsOf(bob)].at(-1)).toBe(last);
    expect(seqsOf(bob)).toEqual(numbers(bob.joined.seq + 1, last ?? 0));
  }
});

test('[GW4] a gateway hears a room once, however many join it at the same time, and not at all when all have left', async () => {
  await using world = await World.create();
  const sockets = await Promise.all(numbers(0, 19).map(() => world.gateway.join()));
  const heard = () => world.gateway.bus.subscribed.filter((channel) => channel === roomChannel).length;
  expect(heard()).toBe(1);
  for (const socket of sockets.slice(1)) await socket.ask({ action: 'leave', id: 'l' });
  expect(heard()).toBe(1);
  sockets[0]?.disconnect();
  await eventually(() => heard() === 0);
  expect(world.gateway.switchboard.rooms.size).toBe(0);
  const again = await world.gateway.join();
  expect(again.joined['peers']).toEqual([]);
});

test('[GW5] an event is encoded once for everyone', async () => {
  await using world = await World.create();
  const sockets = await Promise.all(numbers(0, 9).map(() => world.gateway.join()));
  const stringify = JSON.stringify;
  let encoded = 0;
  JSON.stringify = ((value: unknown) => {
    if ((value as { type?: string }).type === 'message' && 'seq' in (value as object)) encoded++;
    return stringify(value);
  }) as typeof JSON.stringify;
  try {
    await sockets[0]?.ask({ action: 'sendMessage', payload: 'x', id: 1 });
    for (const socket of sockets) await socket.waitFor('message');
  } finally {
    JSON.stringify = stringify;
  }
  expect(encoded).toBe(1);
});

test('[GW5] a message with `to` reaches those it names and nobody else', async () => {
  await using world = await World.create();
  const [ann, bob, cleo] = await Promise.all([world.gateway.join(), world.gateway.join(), world.gateway.join()]);
  const to = [bob.joined.peerId, bob.joined.peerId, 'nobody'];
  await ann.ask({ action: 'sendMessage', payload: { hi: 1 }, to, id: 1 });
  await ann.ask({ action: 'sendMessage', payload: 'all', id: 2 });
  for (const socket of [ann, bob, cleo]) await eventually(() => socket.of('message').at(-1)?.['payload'] === 'all');
  expect(bob.of('message')[0]).toEqual({
    type: 'message',
    from: ann.joined.peerId,
    payload: { hi: 1 },
    epoch: ann.joined.epoch,
    seq: ann.of('messageSent')[0]?.['seq'],
  });
  expect(bob.of('message')).toHaveLength(2);
  expect([ann.of('message').length, cleo.of('message').length]).toEqual([1, 1]);
});

test('[GW5] events carry what clients may know and nothing else', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join({ name: 'Ann' });
  const bob = await world.gateway.join({ name: 'Bob', metadata: 1 });
  const media = { codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }] };
  const made = await bob.ask({ action: 'produce', transportId: 't', kind: 'video', rtpParameters: media, id: 1 });
  const { producerId } = made as unknown as { producerId: string };
  for (const action of ['pauseProducer', 'resumeProducer', 'closeProducer'])
    await bob.ask({ action, producerId, id: action });
  const data = { transportId: 't', sctpStreamParameters: { streamId: 1 }, label: 'chat', protocol: 'json' };
  const { dataProducerId } = await bob.ask({ action: 'produceData', ...data, id: 2 });
  await bob.ask({ action: 'updatePeer', name: 'Robert', id: 3 });
  const owner = { node: world.node.id, boot: world.node.boot };
  const gone = { type: 'removeProducer' as const, producerId: dataProducerId as never };
  await world.directory.commit(demo, owner, [gone]);
  bob.disconnect();
  await ann.waitFor('peerLeft');
  const peerId = bob.joined.peerId;
  const expected = [
    { type: 'peerJoined', peerId, name: 'Bob', metadata: 1, node: 'node-1', connection: 'here' },
    { type: 'producerAdded', peerId, producerId, kind: 'video', paused: false },
    { type: 'producerPaused', peerId, producerId },
    { type: 'producerResumed', peerId, producerId },
    { type: 'producerClosed', peerId, producerId },
    { type: 'dataProducerAdded', peerId, dataProducerId, label: 'chat', protocol: 'json' },
    { type: 'peerUpdated', peerId, name: 'Robert', metadata: 1, node: 'node-1', connection: 'here' },
    { type: 'dataProducerClosed', peerId, dataProducerId },
    { type: 'peerLeft', peerId, reason: 'disconnected' },
  ];
  const { epoch, seq } = ann.joined;
  expect(ann.events).toEqual(expected.map((event, index) => ({ ...event, epoch, seq: seq + 1 + index })));
  const words = ann.texts.join(' ');
  for (const hidden of ['"boot"', '"router"', '"gateway"', '"sessionId"', '"resumeHash"', '"features"']) {
    expect(words).not.toContain(hidden);
  }
});

test('[GW5] a slice that is fenced is told as what it means: its producers close, its peers stay to be moved', async () => {
  await using world = await World.create({ nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ node: 'node-1' });
  const bob = await world.gateway.join({ node: 'node-2' });
  const lost = world.nodes[1];
  if (!lost) throw new Error('No node.');
  await world.directory.fence(demo, lost.id, lost.boot);
  await ann.ask({ action: 'sendMessage', payload: 1, id: 1 });
  await ann.waitFor('message');
  expect(ann.events.map(({ type }) => type)).toEqual(['peerJoined', 'message']);
  expect(bob.closedWith).toBeUndefined();
});
