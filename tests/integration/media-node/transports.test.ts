import { afterEach, beforeEach, expect, test } from 'vitest';
import { LoneNode, type PlayedGateway, type PlayedSession } from '../../support/clusters/lone-node.ts';

// A peer may have eight transports; a join gives it two.
let lone: LoneNode;
let gateway: PlayedGateway;

beforeEach(async () => {
  lone = await LoneNode.start();
  gateway = await lone.gateway('gw-1');
});
afterEach(() => lone[Symbol.asyncDispose]());

const closed = () => gateway.notices.filter(({ type }) => type === 'transportClosed');

const create = async (session: PlayedSession) =>
  (await session.ask('createTransport', { direction: 'send', sctp: false })).id;

test('[NO36] a transport that was handed out can be used five minutes later', async () => {
  const ann = await gateway.join('a');
  await lone.pass(300_000);
  await ann.connect('producerTransport');
  await ann.connect('consumerTransport');
  await ann.produce();
  expect(closed()).toEqual([]);
});

test('[NO36] at the limit the oldest transport that was never connected makes room, and its client is told', async () => {
  const ann = await gateway.join('a');
  await ann.connect('producerTransport');
  for (let made = 2; made < 8; made++) await create(ann);
  expect(closed()).toEqual([]);
  await create(ann);
  await lone.clock.advance(0);
  const transportId = ann.joined?.consumerTransport?.id;
  expect(closed()).toEqual([{ type: 'transportClosed', transportId, reason: 'limit' }]);
  expect(ann.peer?.transports.size).toBe(8);
});

test('[NO36] many that are made at once are no more than the limit', async () => {
  const ann = await gateway.join('a');
  await Promise.all(Array.from({ length: 20 }, () => create(ann)));
  expect(ann.peer?.transports.size).toBe(8);
});

test('[NO36] transports that are all in use make no room', async () => {
  const ann = await gateway.join('a');
  for (let made = 2; made < 8; made++) await create(ann);
  for (const { transport } of ann.peer?.transports.values() ?? []) {
    Object.defineProperties(transport, { dtlsState: { value: 'connected' }, iceState: { value: 'completed' } });
  }
  for (const made of ann.peer?.transports.values() ?? []) made.asked = true;
  await expect(create(ann)).rejects.toMatchObject({ code: 'limitExceeded', details: { limit: 'transports' } });
});

test('[NO37] a client gives a transport back: nothing is told, and there is room for another', async () => {
  const ann = await gateway.join('a');
  const ids = [];
  for (let made = 2; made < 8; made++) ids.push(await create(ann));
  await ann.ask('closeTransport', { transportId: ids[0] });
  await create(ann);
  await lone.clock.advance(0);
  expect(closed()).toEqual([]);
  await expect(ann.ask('closeTransport', { transportId: ids[0] })).rejects.toMatchObject({ code: 'transportNotFound' });
});

test('[NO38] a producer whose transport is closed under it leaves the room with it', async () => {
  const ann = await gateway.join('a');
  const transportId = await ann.connect();
  await ann.produce();
  expect((await lone.records('a'))?.producers).toHaveLength(1);
  await ann.ask('closeTransport', { transportId });
  await lone.clock.advance(0);
  expect((await lone.records('a'))?.producers).toEqual([]);
  expect([...lone.slice('a')!.producers]).toEqual([]);
});

test('[NO38] a producer that closed while Redis was away is taken out by the sweep', async () => {
  const ann = await gateway.join('a');
  const transportId = await ann.connect();
  await ann.produce();
  const { transport } = ann.peer!.transport(transportId as never);
  lone.hub.setAway(true);
  transport.close();
  await lone.pass(1000);
  lone.hub.setAway(false);
  await lone.pass(6000);
  expect((await lone.records('a'))?.producers).toEqual([]);
});

test('[NO38] the client is told of transports that went with their worker, behind the notice of its next place', async () => {
  const ann = await gateway.join('a');
  const gone = [ann.joined?.producerTransport?.id, ann.joined?.consumerTransport?.id];
  const [worker] = lone.node.pool.workers;
  lone.node.pool.kill(worker!);
  await lone.until('the next place', () => gateway.notices.some(({ type }) => type === 'move'));
  await lone.until('the transports to be told of', () => closed().length === 2);
  expect(closed()).toMatchObject(gone.map((transportId) => ({ transportId, reason: 'workerLost' })));
  const order = gateway.notices.map(({ type }) => type);
  expect(order.indexOf('move')).toBeLessThan(order.indexOf('transportClosed'));
});
