import type { ConsumerId } from '@sluice/shared';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoneNode, microphone, type PlayedGateway, type PlayedSession } from '../../support/clusters/lone-node.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

let lone: LoneNode;
let gateway: PlayedGateway;
beforeAll(async () => {
  lone = await LoneNode.start();
  gateway = await lone.gateway('gateway-1');
});
afterAll(() => lone?.[Symbol.asyncDispose]());

const rtpCapabilitiesOf = (session: PlayedSession) => session.joined?.rtpCapabilities;

const consume = (session: PlayedSession, producerIds: string[]) =>
  session.ask('consume', { producerIds, paused: false, rtpCapabilities: rtpCapabilitiesOf(session) });

function camera() {
  const rids = ['r0', 'r1', 'r2'].map((rid) => ({ rid, scalabilityMode: 'L1T3', dtx: false }));
  return {
    mid: '1',
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90_000,
        rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
    ],
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', id: 10 },
    ],
    encodings: rids,
    rtcp: { cname: 'test' },
  };
}

/** A publisher, and a viewer that understands `replace`. */
async function pair() {
  const room = newRoom();
  return { ann: await gateway.join(room), bob: await gateway.join(room, { features: ['replace'] }) };
}

it('[NO58] one consume does not name a producer twice', async () => {
  const { ann, bob } = await pair();
  const voice = await ann.produce();
  await expect(consume(bob, Array(256).fill(voice) as string[])).rejects.toMatchObject({ code: 'badRequest' });
  expect(bob.peer?.consumers.size).toBe(0);
});

it('[NO58] a peer has two consumers of a producer at most, however many it asks for at once', async () => {
  const { ann, bob } = await pair();
  const voice = await ann.produce();
  const answers = await Promise.all(Array.from({ length: 20 }, () => consume(bob, [voice])));
  expect(answers.flatMap(({ consumers }) => consumers)).toHaveLength(2);
  expect(new Set(answers.flatMap(({ failed }) => failed).map(({ code }) => code))).toEqual(new Set(['limitExceeded']));
  expect(bob.peer?.consumers.size).toBe(2);
  expect(bob.peer?.consumerQuota.total).toBe(2);
});

it('[NO58] a consumer that is closed, or could not be made, is not counted', async () => {
  const { ann, bob } = await pair();
  const voice = await ann.produce();
  for (let round = 0; round < 5; round++) {
    const { consumers } = await consume(bob, [voice]);
    await bob.ask('closeConsumers', { consumerIds: consumers.map(({ id }) => id) });
    expect((await consume(bob, ['no-such-producer'])).failed).toMatchObject([{ code: 'producerNotFound' }]);
  }
  expect(bob.peer?.consumerQuota.total).toBe(0);
  await consume(bob, [voice]);
  await ann.ask('closeProducer', { producerId: voice });
  await eventually('the consumer to be gone', () => bob.peer?.consumerQuota.total === 0);
});

it('[NO56] producers that follow one another leave nothing with those who watch them', async () => {
  const { ann, bob } = await pair();
  let standing = await ann.produce();
  await consume(bob, [standing]);
  for (let round = 0; round < 10; round++) {
    const next = await ann.produce({ rtpParameters: microphone(), replaces: standing });
    const isWatched = () => [...(bob.peer?.consumers.values() ?? [])].some((one) => one.consumer.producerId === next);
    await eventually('the viewer to have the next one', isWatched);
    await ann.ask('closeProducer', { producerId: standing });
    standing = next;
  }
  await eventually('the last one alone to be there', () => bob.peer?.consumers.size === 1);
  expect(bob.peer?.replacements.size).toBe(1);
  await ann.ask('closeProducer', { producerId: standing });
  await eventually('nothing to be there', () => bob.peer?.consumers.size === 0);
  const { replacements, awaitingSuccessor, consumerQuota, lostConsumers } = bob.peer!;
  expect([replacements.size, awaitingSuccessor.size, consumerQuota.total, lostConsumers.length]).toEqual([0, 0, 0, 0]);
});

/** A viewer that has just resumed the consumer that came in the place of another. */
async function resumedReplacement() {
  const { ann, bob } = await pair();
  const fields = { kind: 'video', rtpParameters: camera() };
  const first = await ann.produce(fields);
  await consume(bob, [first]);
  const second = await ann.produce({ ...fields, rtpParameters: { ...camera(), mid: '2' }, replaces: first });
  const find = () => [...(bob.peer?.consumers.values() ?? [])].find((one) => one.consumer.producerId === second);
  const { consumer } = await eventually('the viewer to have the next one', find);
  const consumerId = consumer.id as ConsumerId;
  await bob.ask('setPreferredLayers', { consumerId, spatialLayer: 2, temporalLayer: 2 });
  await bob.ask('resumeConsumers', { consumerIds: [consumerId] });
  const choose = (spatialLayer: number, temporalLayer: number) =>
    bob.ask('setPreferredLayers', { consumerId, spatialLayer, temporalLayer });
  return { consumer, choose };
}

it('[NO59] the layers of a new simulcast consumer are lowered for a moment and restored', async () => {
  const { consumer } = await resumedReplacement();
  await lone.pass(250);
  await eventually('the layers to be lowered', () => consumer.preferredLayers?.temporalLayer === 1);
  await lone.pass(100);
  await eventually('the layers to be restored', () => consumer.preferredLayers?.temporalLayer === 2);
});

it.each([
  { when: 'before they are lowered', ms: 0 },
  { when: 'while they are lowered', ms: 250 },
])('[NO59] layers that the client chooses $when stay', async ({ ms }) => {
  const { consumer, choose } = await resumedReplacement();
  await lone.pass(ms);
  if (ms > 0) await eventually('the layers to be lowered', () => consumer.preferredLayers?.temporalLayer === 1);
  await choose(0, 0);
  await lone.pass(1000);
  expect(consumer.preferredLayers).toEqual({ spatialLayer: 0, temporalLayer: 0 });
});

it('[NO59] also where they are the very ones that it was lowered to', async () => {
  const { consumer, choose } = await resumedReplacement();
  await lone.pass(250);
  await eventually('the layers to be lowered', () => consumer.preferredLayers?.temporalLayer === 1);
  await choose(2, 1);
  await lone.pass(1000);
  expect(consumer.preferredLayers).toEqual({ spatialLayer: 2, temporalLayer: 1 });
});
