import type { PeerRecord } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { rtpCapabilities, rtpParameters } from '../support/examples.ts';
import type { ReceivedFrame } from '../support/fake-socket.ts';
import { demo, type JoinedSocket, World } from '../support/world.ts';

let asked = 0;

async function produce(publisher: JoinedSocket): Promise<string> {
  const { producerId } = await publisher.ask({
    action: 'produce',
    id: `produce-${++asked}`,
    transportId: 't1',
    kind: 'audio',
    rtpParameters,
  });
  return String(producerId);
}

async function consume(viewer: JoinedSocket, producerId: string): Promise<ReceivedFrame> {
  return viewer.ask({ action: 'consume', id: `c-${producerId}`, producerId, rtpCapabilities });
}

function recordOf(world: World, { joined }: JoinedSocket): PeerRecord {
  const record = world.node.peers.get(joined.peerId);
  if (!record) throw new Error('No such peer.');
  return record;
}

test('[NO55] a mute is told to the consumers of the producer by their gateway, behind the event of the room', async () => {
  await using world = await World.create();
  const [ann, bob, eve] = [await world.gateway.join(), await world.gateway.join(), await world.gateway.join()];
  const [voice, other] = [await produce(ann), await produce(ann)];
  await consume(bob, voice);
  await consume(bob, other);
  await ann.ask({ action: 'pauseProducer', id: 1, producerId: voice });
  await bob.waitFor('consumerPaused');
  await ann.ask({ action: 'resumeProducer', id: 2, producerId: voice });
  await bob.waitFor('consumerResumed');
  const told = bob.of('producerPaused', 'consumerPaused', 'producerResumed', 'consumerResumed');
  expect(told.map(({ type, consumerId }) => [type, consumerId])).toEqual([
    ['producerPaused', undefined],
    ['consumerPaused', `c-${voice}`],
    ['producerResumed', undefined],
    ['consumerResumed', `c-${voice}`],
  ]);
  expect(eve.of('consumerPaused', 'consumerResumed')).toEqual([]);
});

test('[NO55] what is paused while it is being consumed is paused in the answer, or told after it', async () => {
  await using world = await World.create();
  const [ann, bob] = [await world.gateway.join(), await world.gateway.join()];
  const voice = await produce(ann);
  const goOn = Promise.withResolvers<void>();
  world.node.on('consume', async ({ producerIds }) => {
    await goOn.promise;
    // The node made the consumer before it paused the producer.
    return { consumers: producerIds.map((producerId) => ({ id: 'c', producerId, producerPaused: false })), failed: [] };
  });
  const consumed = consume(bob, voice);
  await ann.ask({ action: 'pauseProducer', id: 1, producerId: voice });
  await bob.waitFor('producerPaused');
  goOn.resolve();
  expect((await consumed)['consumers']).toMatchObject([{ id: 'c', producerPaused: true }]);
  expect(bob.of('consumerPaused')).toEqual([]);
});

test('[NO55] a consumer that comes in the place of another is told of too', async () => {
  await using world = await World.create();
  const [ann, bob] = [await world.gateway.join(), await world.gateway.join()];
  const voice = await produce(ann);
  await ann.ask({ action: 'pauseProducer', id: 1, producerId: voice });
  await bob.waitFor('producerPaused');
  const consumer = { id: 'new', producerId: voice, producerPaused: false };
  world.node.notify(recordOf(world, bob), 'demo', { type: 'consumerAdded', consumer, replaces: 'old' });
  expect(await bob.waitFor('consumerAdded')).toMatchObject({ consumer: { id: 'new', producerPaused: true } });
  await ann.ask({ action: 'resumeProducer', id: 2, producerId: voice });
  expect(await bob.waitFor('consumerResumed')).toEqual({ type: 'consumerResumed', consumerId: 'new' });
});

test('[NO56] a gateway keeps nothing of consumers whose producer is closed, however often one follows another', async () => {
  await using world = await World.create();
  const [ann, bob] = [await world.gateway.join(), await world.gateway.join()];
  const record = recordOf(world, bob);
  for (let round = 0; round < 20; round++) {
    const producerId = await produce(ann);
    const consumer = { id: `c-${round}`, producerId, producerPaused: false };
    world.node.notify(record, 'demo', { type: 'consumerAdded', consumer, replaces: `c-${round - 1}` });
    await bob.waitFor('consumerAdded', round + 1);
    await ann.ask({ action: 'closeProducer', id: round, producerId });
  }
  await bob.waitFor('producerClosed', 20);
  await settle();
  const seats = [...world.gateway.switchboard.seats.all()];
  expect(seats.map(({ media }) => [media.consumers.size, media.producers.size])).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test('[NO55] a mute that was missed, with so much else that only a picture of the room will do, is told behind that', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const [bob, ann] = [await world.gateway.join(), await other.join()];
  const voice = await produce(ann);
  await bob.waitFor('producerAdded');
  await consume(bob, voice);
  world.gateway.bus.hears = (channel) => !channel.includes(demo);
  await ann.ask({ action: 'pauseProducer', id: 1, producerId: voice });
  const from = ann.joined.peerId as PeerRecord['peerId'];
  const owner = { node: world.node.id, boot: world.node.boot };
  for (let index = 0; index < 1100; index++) {
    await world.node.directory.commit(demo, owner, [{ type: 'message', from, payload: index }]);
  }
  world.gateway.bus.hears = () => true;
  await ann.ask({ action: 'sendMessage', id: 2, payload: 'last' });
  await bob.waitFor('consumerPaused');
  expect(bob.of('snapshot', 'consumerPaused').map(({ type }) => type)).toEqual(['snapshot', 'consumerPaused']);
});
