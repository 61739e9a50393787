import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { rtpParameters } from '../support/examples.ts';
import { World } from '../support/world.ts';

test('[GW9] replies come in the order of the actions, errors among them, however long each takes', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const slow = Promise.withResolvers<void>();
  world.node.on('restartIce', async (params) => {
    await slow.promise;
    return world.node.answer('restartIce', params);
  });
  ann.say({ action: 'restartIce', transportId: 't', id: 'a' });
  ann.say({ action: 'sendMessage', payload: 1, id: 'b' });
  ann.sayRaw('not JSON');
  ann.say({ action: 'dance', id: 'd' });
  ann.listener?.unreadable('binary');
  ann.say({ action: 'setPriority', consumerId: 'c', priority: 0, id: 'f' });
  ann.say({ action: 'getStats', transportId: 't', id: 'g' });
  await eventually(() => world.node.called('restartIce').length === 1);
  expect(world.node.called('sendMessage')).toEqual([]);
  slow.resolve();
  await ann.waitFor('stats');
  const replies = ann.frames.slice(1).filter(({ type }) => type !== 'message');
  expect(replies.map(({ type, id }) => [type, id])).toEqual([
    ['iceRestarted', 'a'],
    ['messageSent', 'b'],
    ['error', undefined],
    ['error', 'd'],
    ['error', undefined],
    ['error', 'f'],
    ['stats', 'g'],
  ]);
});

test('[GW9] actions may be pipelined behind the join', async () => {
  await using world = await World.create();
  const socket = world.gateway.connect();
  socket.say({ action: 'join', room: 'demo' });
  socket.say({ action: 'createWebRtcTransport', direction: 'send' });
  socket.say({ action: 'produce', transportId: 't1', kind: 'video', rtpParameters });
  socket.say({ action: 'leave' });
  await socket.waitFor('ok');
  const replies = socket.frames.filter(({ seq, type }) => type === 'joined' || seq === undefined);
  expect(replies.map(({ type }) => type)).toEqual(['joined', 'producerTransport', 'produced', 'ok']);
  expect(socket.frames.some((frame) => 'id' in frame)).toBe(false);
});

test("[GW9] the seed's own exchange, without any id", async () => {
  await using world = await World.create();
  const publisher = world.gateway.connect();
  const step = async (frame: object, type: string) => {
    const before = publisher.of(type).length;
    publisher.say(frame);
    return publisher.waitFor(type, before + 1);
  };
  expect((await step({ action: 'join', room: 'demo' }, 'joined'))['rtpCapabilities']).toBeDefined();
  const made = await step({ action: 'createWebRtcTransport', direction: 'send' }, 'producerTransport');
  const transportId = (made['producerTransport'] as { id: string }).id;
  const dtlsParameters = { role: 'server', fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }] };
  const connect = { role: 'producer', action: 'connectTransport', dtlsParameters, transportId };
  expect(await step(connect, 'transportConnected')).toEqual({ type: 'transportConnected', transportId });
  const produced = await step({ action: 'produce', transportId, kind: 'video', rtpParameters }, 'produced');
  expect(produced).toEqual({ type: 'produced', producerId: expect.any(String) });

  const viewer = await world.gateway.join();
  const { producerId } = produced;
  expect((await viewer.ask({ action: 'createWebRtcTransport', direction: 'recv', id: 1 })).type).toBe(
    'consumerTransport',
  );
  expect((await viewer.ask({ action: 'consume', producerId, id: 2 })).type).toBe('consumed');
  expect((await viewer.ask({ ...connect, role: 'consumer', id: 3 })).type).toBe('transportConnected');
  expect((await viewer.ask({ action: 'resumeConsumer', consumerId: 'c', id: 4 })).type).toBe('ok');
});

for (const id of ['', 'x'.repeat(64), 0, -1, Number.MAX_SAFE_INTEGER]) {
  test(`[GW9] the id ${JSON.stringify(id).slice(0, 20)} is carried by the reply and by the error`, async () => {
    await using world = await World.create();
    const ann = await world.gateway.join();
    ann.say({ action: 'updatePeer', id });
    expect(await ann.waitFor('ok')).toEqual({ type: 'ok', action: 'updatePeer', id });
    ann.say({ action: 'restartIce', id });
    expect(await ann.waitFor('error')).toMatchObject({ action: 'restartIce', id });
  });
}

test('[GW9] two connections do not wait for each other', async () => {
  await using world = await World.create();
  const [ann, bob] = await Promise.all([world.gateway.join(), world.gateway.join()]);
  world.node.on('restartIce', () => new Promise(() => undefined));
  ann.say({ action: 'restartIce', transportId: 't' });
  await eventually(() => world.node.called('restartIce').length === 1);
  expect((await bob.ask({ action: 'updatePeer', name: 'Bob', id: 1 })).type).toBe('ok');
  expect(ann.of('iceRestarted')).toEqual([]);
});
