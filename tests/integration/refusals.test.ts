import { LocalCluster } from '@sluice/local';
import type { ActionName } from '@sluice/shared/protocol';
import { eventually } from '@sluice/shared/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readMetric } from '../support/clusters/cluster.ts';
import { RawPeer, rtpParametersOf } from '../support/raw/raw-peer.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

let cluster: LocalCluster;

beforeAll(async () => {
  const settings = { EMPTY_SLICE_MS: '100', PIPE_IDLE_MS: '100' };
  cluster = await LocalCluster.start({ nodes: 2, gateways: 1, workers: 1, port: 0, host: '127.0.0.1', settings });
});

/** Nothing half-made is left, whatever was refused. */
afterEach(async () => {
  for (const { opsPort } of cluster.nodes) {
    const read = (name: string) => readMetric(`http://127.0.0.1:${opsPort}`, name);
    for (const metric of [
      'sfu_transports',
      'sfu_producers',
      'sfu_consumers',
      'sfu_participants',
      'sfu_routers',
      'sfu_pipes',
    ])
      await eventually(`${metric} to be 0`, async () => (await read(metric)) === 0);
  }
});

afterAll(() => cluster?.stop());

const join = (node: number, room: string) => RawPeer.join({ url: cluster.url, node: `node-${node}` }, room);

/** As a client may write it, whatever the types say. */
const attempt = (peer: RawPeer, action: ActionName, fields: Record<string, unknown>): Promise<unknown> =>
  peer.ask(action, fields as never).then(
    (reply) => reply,
    (error: { code: string; details?: unknown }) => ({
      code: error.code,
      ...(error.details !== undefined && { details: error.details }),
    }),
  );

const fingerprint = { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') };
const dtlsParameters = { role: 'client', fingerprints: [fingerprint] };

describe.each([
  ['on the same node', 1],
  ['on another node', 2],
] as const)("what is another peer's, %s", (_where, node) => {
  it("[NO1] another peer's transport is not found, whatever is asked of it", async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using eve = await join(node, room);
    const camera = await ada.produce('video');
    const [send, recv] = [ada.sendTransportId, ada.recvTransportId];
    const asked: [ActionName, Record<string, unknown>][] = [
      ['connectTransport', { transportId: send, dtlsParameters }],
      ['restartIce', { transportId: send }],
      ['getStats', { transportId: send }],
      ['produce', { transportId: send, kind: 'audio', rtpParameters: rtpParametersOf('audio') }],
      ['produceData', { transportId: send, sctpStreamParameters: { streamId: 1 } }],
      ['consume', { transportId: recv, producerId: camera, rtpCapabilities: eve.joined.rtpCapabilities }],
      ['consumeData', { transportId: recv, dataProducerId: camera }],
    ];
    for (const [action, fields] of asked) {
      expect(await attempt(eve, action, fields), action).toEqual({ code: 'transportNotFound' });
    }
  });

  it("[NO1] another peer's producer and consumer are not found, and live on", async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using eve = await join(node, room);
    const camera = await ada.produce('video');
    const hers = await eve.produce('audio');
    const [consumer] = (await ada.consume(hers)).consumers;
    for (const action of ['pauseProducer', 'resumeProducer', 'closeProducer', 'getStats'] as const) {
      expect(await attempt(eve, action, { producerId: camera }), action).toEqual({ code: 'producerNotFound' });
    }
    const consumerId = consumer?.id;
    const asked: [ActionName, Record<string, unknown>][] = [
      ['pauseConsumer', { consumerId }],
      ['resumeConsumer', { consumerId }],
      ['closeConsumer', { consumerId }],
      ['setPreferredLayers', { consumerId, spatialLayer: 0 }],
      ['setPriority', { consumerId, priority: 5 }],
      ['requestKeyFrame', { consumerId }],
      ['getStats', { consumerId }],
    ];
    for (const [action, fields] of asked) {
      expect(await attempt(eve, action, fields), action).toMatchObject({ code: 'consumerNotFound' });
    }
    expect((await eve.consume(camera)).failed).toEqual([]);
    expect(await attempt(ada, 'resumeConsumer', { consumerId })).toMatchObject({ type: 'ok' });
  });
});

describe('what is used for what it is not', () => {
  it('[NO2] nobody produces on a receiving transport, or consumes on a sending one', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(1, room);
    const camera = await bob.produce('video');
    const { rtpCapabilities } = ada.joined;
    const produce = { transportId: ada.recvTransportId, kind: 'audio', rtpParameters: rtpParametersOf('audio') };
    expect(await attempt(ada, 'produce', produce)).toMatchObject({ code: 'badRequest' });
    const consume = { transportId: ada.sendTransportId, producerId: camera, rtpCapabilities };
    expect(await attempt(ada, 'consume', consume)).toMatchObject({ code: 'badRequest' });
  });

  it('[NO2] media is not data, nor the other way round', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(1, room);
    const camera = await bob.produce('video');
    const fields = { transportId: bob.sendTransportId, sctpStreamParameters: { streamId: 1 }, label: 'l' };
    const { dataProducerId } = await bob.ask('produceData', fields);
    expect((await ada.consume(dataProducerId)).failed).toEqual([
      { producerId: dataProducerId, code: 'producerNotFound' },
    ]);
    const wrong = { transportId: ada.recvTransportId, dataProducerId: camera };
    expect(await attempt(ada, 'consumeData', wrong)).toMatchObject({ code: 'producerNotFound' });
    expect(await attempt(bob, 'closeProducer', { producerId: dataProducerId })).toMatchObject({
      code: 'producerNotFound',
    });
  });

  it('[NO3] the first consume must say what the client can decode; later ones need not', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(2, room);
    const producerId = await bob.produce('video');
    const fields = { transportId: ada.recvTransportId, producerId };
    const refused = { code: 'badRequest', details: { path: 'rtpCapabilities' } };
    expect(await attempt(ada, 'consume', fields)).toEqual(refused);
    expect((await ada.consume(producerId)).failed).toEqual([]);
    expect(await attempt(ada, 'consume', fields)).toMatchObject({ failed: [] });
  });

  it('[NO3] what a client cannot decode, and what is not there, is said for each, and the rest is consumed', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(2, room);
    const [camera, microphone] = [await bob.produce('video'), await bob.produce('audio')];
    const audioOnly = { codecs: ada.joined.rtpCapabilities.codecs?.filter(({ kind }) => kind === 'audio') ?? [] };
    const fields = {
      transportId: ada.recvTransportId,
      producerIds: [camera, 'nobody', microphone],
      rtpCapabilities: audioOnly,
    };
    expect(await attempt(ada, 'consume', fields)).toMatchObject({
      consumers: [{ producerId: microphone }],
      failed: [
        { producerId: camera, code: 'cannotConsume' },
        { producerId: 'nobody', code: 'producerNotFound' },
      ],
    });
  });

  it('[NO3] a second join is refused, and the first stands', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    expect(await attempt(ada, 'join', { room: newRoom() })).toEqual({ code: 'alreadyJoined' });
    await ada.produce('audio');
  });
});

describe('what mediasoup refuses', () => {
  const video = rtpParametersOf('video');
  const [codec] = video.codecs;
  const wrongMedia: [string, Record<string, unknown>][] = [
    ['a codec that the node does not speak', { ...video, codecs: [{ ...codec, mimeType: 'video/H265' }] }],
    ['a codec of the other kind', { ...video, codecs: [{ ...codec, mimeType: 'audio/opus', clockRate: 48_000 }] }],
    ['no ssrc and no rid', { ...video, encodings: [{}] }],
    ['two layers of one ssrc', { ...video, encodings: [{ ssrc: 7 }, { ssrc: 7 }] }],
    ['two codecs of one payload type', { ...video, codecs: [codec, codec] }],
    ['a scalability mode that is none', { ...video, encodings: [{ ssrc: 9, scalabilityMode: '__proto__' }] }],
  ];

  it.each(wrongMedia)(
    "[NO4] produce with %s is the client's fault or harmless, and never ours",
    async (_what, rtpParameters) => {
      await using ada = await join(1, newRoom());
      const fields = { transportId: ada.sendTransportId, kind: 'video', rtpParameters };
      const answer = (await attempt(ada, 'produce', fields)) as { code?: string; type?: string };
      expect(answer.code ?? answer.type).toMatch(/^(badRequest|produced)$/);
      await ada.produce('video');
    },
  );

  it('[NO4] what another producer of the transport has already is refused, and that one lives on', async () => {
    await using ada = await join(1, newRoom());
    const transportId = ada.sendTransportId;
    const fields = { transportId, kind: 'video', rtpParameters: { ...video, mid: '0' } };
    const first = await attempt(ada, 'produce', fields);
    expect(first).toMatchObject({ type: 'produced' });
    expect(await attempt(ada, 'produce', fields)).toMatchObject({
      code: 'badRequest',
      details: { path: 'rtpParameters' },
    });
    const { producerId } = first as { producerId: string };
    expect(await attempt(ada, 'pauseProducer', { producerId })).toMatchObject({ type: 'ok' });
  });

  it('[NO4] a transport is connected once', async () => {
    await using ada = await join(1, newRoom());
    const fields = { transportId: ada.sendTransportId, dtlsParameters };
    expect(await attempt(ada, 'connectTransport', fields)).toMatchObject({ type: 'transportConnected' });
    expect(await attempt(ada, 'connectTransport', fields)).toMatchObject({ code: 'badRequest' });
  });

  it.each([
    ['role', { role: 'server', fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }] }],
    ['length', { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }] }],
  ])('[NO4] a fingerprint of the wrong %s is never our fault', async (_what, wrong) => {
    await using ada = await join(1, newRoom());
    const fields = { transportId: ada.sendTransportId, dtlsParameters: wrong };
    const answer = (await attempt(ada, 'connectTransport', fields)) as { code?: string; type?: string };
    expect(answer.code ?? answer.type).toMatch(/^(badRequest|transportConnected)$/);
  });

  it('[NO4] a peer has so many transports and no more', async () => {
    await using ada = await join(1, newRoom());
    const closed: string[] = [];
    ada.connection.on('event', (event) => event.type === 'transportClosed' && closed.push(event.transportId));
    const create = () => attempt(ada, 'createWebRtcTransport', { direction: 'recv' });
    const answers = await Promise.all(Array.from({ length: 16 }, create));
    expect(answers.filter((answer) => (answer as { type?: string }).type === 'consumerTransport')).toHaveLength(16);
    await eventually('what is too much to be closed', () => closed.length === 10);
    const stats = await Promise.all(closed.map((transportId) => attempt(ada, 'getStats', { transportId })));
    expect(stats.map((answer) => (answer as { code?: string }).code)).toEqual(closed.map(() => 'transportNotFound'));
  });

  it('[NO4] a data consumer on a transport without SCTP, or reliable in two ways, is refused and not kept', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(2, room);
    const fields = { transportId: ada.sendTransportId, sctpStreamParameters: { streamId: 1 }, label: 'l' };
    const { dataProducerId } = await ada.ask('produceData', fields);
    const made = await attempt(bob, 'createWebRtcTransport', { direction: 'recv', sctp: false });
    const transportId = (made as { consumerTransport: { id: string } }).consumerTransport.id;
    expect(await attempt(bob, 'consumeData', { dataProducerId, transportId })).toMatchObject({ code: 'badRequest' });
    const both = { dataProducerId, transportId: bob.recvTransportId, maxRetransmits: 1, maxPacketLifeTime: 1 };
    const answer = (await attempt(bob, 'consumeData', both)) as { code?: string; type?: string };
    expect(answer.code ?? answer.type).toMatch(/^(badRequest|dataConsumed)$/);
    const taken = { transportId: ada.sendTransportId, sctpStreamParameters: { streamId: 1 } };
    expect(await attempt(ada, 'produceData', taken)).toMatchObject({ code: 'badRequest' });
  });

  it('[NO4] layers that a consumer has not are never our fault', async () => {
    const room = newRoom();
    await using ada = await join(1, room);
    await using bob = await join(2, room);
    const { consumers } = await bob.consume(await ada.produce('video'), await ada.produce('audio'));
    for (const { id: consumerId } of consumers) {
      for (const [action, fields] of [
        ['setPreferredLayers', { spatialLayer: 7, temporalLayer: 7 }],
        ['setPriority', { priority: 255 }],
        ['requestKeyFrame', {}],
      ] as const) {
        const answer = (await attempt(bob, action, { consumerId, ...fields })) as { code?: string; type?: string };
        expect(answer.code ?? answer.type, action).toMatch(/^(badRequest|ok)$/);
      }
    }
  });
});

it('[NO4] a peer that goes in the middle of everything leaves nothing', async () => {
  const room = newRoom();
  await using ada = await join(1, room);
  const camera = await ada.produce('video');
  for (let round = 0; round < 5; round++) {
    const bob = await join(2, room);
    const asked = [
      bob.produce('video'),
      bob.produce('audio'),
      bob.consume(camera),
      bob.ask('createWebRtcTransport', { direction: 'send' }),
      bob.ask('restartIce', { transportId: bob.sendTransportId }),
    ];
    bob.connection.close();
    await Promise.allSettled(asked);
  }
});
