import { expect, test } from 'vitest';
import { allActions, dtlsParameters, rtpParameters } from '../support/examples.ts';
import type { ReceivedFrame } from '../support/fake-socket.ts';
import { World } from '../support/world.ts';

/** A fault, and the path that its error names. Made by changing one field of a good frame; `undefined` takes it out. */
type Fault = [path: string, change: Record<string, unknown>];

const long = (length: number) => 'x'.repeat(length + 1);
const notIds: unknown[] = [undefined, 7, null, '', [], {}, true, long(64)];
const idFaults = (field: string): Fault[] => notIds.map((value) => [field, { [field]: value }]);
const codec = rtpParameters.codecs[0];
const media = (change: object) => ({ rtpParameters: { ...rtpParameters, ...change } });

const faults: Record<string, Fault[]> = {
  join: [
    ...[undefined, 7, '', long(128), 'a{b}', 'tab\there', null].map((room): Fault => ['room', { room }]),
    ['room', { room: ' \u200d' }],
    ['peerId', { peerId: 'line\nbreak' }],
    ['peerId', { peerId: long(256) }],
    ['name', { name: 'half \ud83d' }],
    ['name', { name: 'turned \u202e' }],
    ['name', { name: long(128) }],
    ['name', { name: 1 }],
    ['metadata', { metadata: long(4096) }],
    ['token', { token: 1 }],
    ['token', { token: long(4096) }],
    ['region', { region: 1 }],
    ['node', { node: long(64) }],
    ['features', { features: 'replace' }],
    ['features.1', { features: ['a', 1] }],
    ['features', { features: Array.from({ length: 17 }, String) }],
    ['transports', { transports: 1 }],
    ['rtpCapabilities.codecs.0.mimeType', { rtpCapabilities: { codecs: [{ kind: 'audio', clockRate: 1 }] } }],
    ['rtpCapabilities.codecs', { rtpCapabilities: { codecs: {} } }],
  ],
  createWebRtcTransport: [
    ['direction', { direction: undefined }],
    ['direction', { direction: 'both' }],
    ['sctp', { sctp: 'yes' }],
  ],
  connectTransport: [
    ...idFaults('transportId'),
    ['dtlsParameters', { dtlsParameters: undefined }],
    ['dtlsParameters.fingerprints', { dtlsParameters: { fingerprints: [] } }],
    [
      'dtlsParameters.fingerprints.0.algorithm',
      { dtlsParameters: { fingerprints: [{ algorithm: 'md5', value: 'AB' }] } },
    ],
    [
      'dtlsParameters.fingerprints.0.value',
      { dtlsParameters: { fingerprints: [{ algorithm: 'sha-1', value: 'no' }] } },
    ],
    ['dtlsParameters.role', { dtlsParameters: { ...dtlsParameters, role: 'boss' } }],
    ['role', { role: 'boss' }],
  ],
  restartIce: idFaults('transportId'),
  closeTransport: idFaults('transportId'),
  produce: [
    ...idFaults('transportId'),
    ['kind', { kind: undefined }],
    ['kind', { kind: 'data' }],
    ['rtpParameters', { rtpParameters: undefined }],
    ['rtpParameters.codecs', media({ codecs: [] })],
    ['rtpParameters.codecs', media({ codecs: Array.from({ length: 33 }, () => codec) })],
    ['rtpParameters.codecs.0.mimeType', media({ codecs: [{ ...codec, mimeType: 'text/html' }] })],
    ['rtpParameters.codecs.0.mimeType', media({ codecs: [{ ...codec, mimeType: 5 }] })],
    ['rtpParameters.codecs.0.payloadType', media({ codecs: [{ ...codec, payloadType: 128 }] })],
    ['rtpParameters.codecs.0.clockRate', media({ codecs: [{ ...codec, clockRate: -1 }] })],
    ['rtpParameters.codecs.0.rtcpFeedback.0.type', media({ codecs: [{ ...codec, rtcpFeedback: [{}] }] })],
    ['rtpParameters.headerExtensions.0.id', media({ headerExtensions: [{ uri: 'u', id: 0 }] })],
    ['rtpParameters.encodings', media({ encodings: Array.from({ length: 9 }, () => ({})) })],
    ['rtpParameters.encodings.0.ssrc', media({ encodings: [{ ssrc: 2 ** 32 }] })],
    ['rtpParameters.mid', media({ mid: long(16) })],
    ['paused', { paused: 'no' }],
    ['source', { source: '' }],
    ['source', { source: long(32) }],
    ['metadata', { metadata: { a: long(4096) } }],
    ['replaces', { replaces: 4 }],
  ],
  pauseProducer: idFaults('producerId'),
  resumeProducer: idFaults('producerId'),
  closeProducer: idFaults('producerId'),
  consume: [
    ...idFaults('producerId'),
    ['producerId', { producerIds: ['p2'] }],
    ['producerIds', { producerId: undefined, producerIds: [] }],
    ['producerIds.1', { producerId: undefined, producerIds: ['p', 1] }],
    ['producerIds', { producerId: undefined, producerIds: Array.from({ length: 257 }, String) }],
    ['transportId', { transportId: 1 }],
    ['rtpCapabilities', { rtpCapabilities: 'all' }],
    ['paused', { paused: 0 }],
    ['preferredLayers.spatialLayer', { preferredLayers: {} }],
  ],
  pauseConsumer: consumerFaults(),
  resumeConsumer: consumerFaults(),
  closeConsumer: consumerFaults(),
  setPreferredLayers: [
    ...idFaults('consumerId'),
    ['spatialLayer', { spatialLayer: undefined }],
    ['spatialLayer', { spatialLayer: 8 }],
    ['temporalLayer', { temporalLayer: 0.5 }],
  ],
  setPriority: [
    ...idFaults('consumerId'),
    ['priority', { priority: undefined }],
    ['priority', { priority: 0 }],
    ['priority', { priority: 256 }],
    ['priority', { priority: '1' }],
  ],
  requestKeyFrame: idFaults('consumerId'),
  produceData: [
    ...idFaults('transportId'),
    ['sctpStreamParameters', { sctpStreamParameters: undefined }],
    ['sctpStreamParameters.streamId', { sctpStreamParameters: { streamId: 65_535 } }],
    ['label', { label: long(128) }],
    ['protocol', { protocol: 1 }],
    ['metadata', { metadata: long(4096) }],
  ],
  consumeData: [
    ...idFaults('dataProducerId'),
    ['transportId', { transportId: '' }],
    ['ordered', { ordered: 1 }],
    ['maxPacketLifeTime', { maxPacketLifeTime: 0 }],
    ['maxRetransmits', { maxRetransmits: 65_536 }],
  ],
  closeDataProducer: idFaults('dataProducerId'),
  closeDataConsumer: idFaults('dataConsumerId'),
  sendMessage: [
    ['payload', { payload: undefined }],
    ['payload', { payload: long(16_384) }],
    ['to', { to: 'ann' }],
    ['to', { to: [] }],
    ['to.0', { to: [''] }],
    ['to', { to: Array.from({ length: 257 }, () => 'p') }],
  ],
  updatePeer: [
    ['name', { name: 1 }],
    ['name', { name: long(128) }],
    ['metadata', { metadata: long(4096) }],
  ],
  getStats: [
    ['transportId', { consumerId: undefined }],
    ['transportId', { transportId: 't', consumerId: 'c' }],
    ['consumerId', { consumerId: 1 }],
    ['producerId', { producerId: '', consumerId: undefined }],
  ],
  resume: [
    ['room', { room: '' }],
    ['epoch', { epoch: -1 }],
    ['resumeToken', { resumeToken: 1 }],
  ],
  moved: [],
  ping: [],
  leave: [],
};

function consumerFaults(): Fault[] {
  return [
    ...notIds.map((value): Fault => ['consumerId', { consumerIds: undefined, consumerId: value }]),
    ['consumerId', { consumerId: 'c3' }],
    ['consumerIds', { consumerIds: [] }],
    ['consumerIds.1', { consumerIds: ['c1', null] }],
  ];
}

const calm = { ACTIONS_PER_SECOND: '100000', ACTION_BURST: '100000' };

const comesFirst = (action: string): boolean => action === 'join' || action === 'resume';

function expectBadRequest(answer: ReceivedFrame, action: string, path: string): void {
  expect(answer).toMatchObject({ type: 'error', action, code: 'badRequest', temporary: false });
  expect(answer['details']).toEqual({ path });
}

test('the faults have every action', () => {
  expect(Object.keys(faults).sort()).toEqual(Object.keys(allActions).sort());
});

for (const [action, list] of Object.entries(faults)) {
  test(`[GW7] ${action} with a field that doesn't fit is answered badRequest with its path, and nothing is asked`, async () => {
    await using world = await World.create({ settings: calm });
    const socket = world.gateway.connect();
    if (!comesFirst(action)) await socket.ask({ action: 'join', room: 'demo', id: 'join' });
    const before = world.node.calls.length;
    for (const [index, [path, change]] of list.entries()) {
      const answer = await socket.ask({ ...allActions[action], ...change, action, id: index });
      expectBadRequest(answer, action, path);
    }
    expect(world.node.calls.length).toBe(before);
    expect(socket.closedWith).toBeUndefined();
  });

  if (comesFirst(action)) continue;

  test(`[GW8] ${action} before join is answered notJoined, whatever its fields`, async () => {
    await using world = await World.create();
    const socket = world.gateway.connect();
    const frames = [allActions[action], {}];
    for (const [id, fields] of frames.entries()) {
      const answer = await socket.ask({ ...fields, action, id });
      expect(answer).toMatchObject({ type: 'error', id, action, code: 'notJoined', temporary: false });
    }
    expect(world.node.calls).toEqual([]);
  });
}

test('[GW8] a second join is answered alreadyJoined, and the first stands', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  const again = await ann.ask({ action: 'join', room: 'other', id: 2 });
  expect(again).toMatchObject({ type: 'error', id: 2, action: 'join', code: 'alreadyJoined' });
  expect((await ann.ask({ action: 'updatePeer', name: 'Ann', id: 3 })).type).toBe('ok');
  expect(world.node.called('joinPeer')).toHaveLength(1);
});

const unreadable: [what: string, text: string, path: string][] = [
  ['no JSON', '{"action":', ''],
  ['nothing', '', ''],
  ['a list', '[{"action":"leave"}]', ''],
  ['a string', '"leave"', ''],
  ['null', 'null', ''],
  ['no action', '{}', 'action'],
  ['an action that is no string', '{"action":5}', 'action'],
  ['an id that is an object', '{"action":"leave","id":{}}', 'id'],
  ['an id that is null', '{"action":"leave","id":null}', 'id'],
  ['an id that is too long', `{"action":"leave","id":"${long(64)}"}`, 'id'],
  ['an id that is no safe integer', '{"action":"leave","id":9007199254740993}', 'id'],
  ['an id that is a fraction', '{"action":"leave","id":1.5}', 'id'],
];

for (const [what, text, path] of unreadable) {
  test(`[GW7] a frame that is or has ${what} is answered badRequest without an id, and the connection lives`, async () => {
    await using world = await World.create();
    const ann = await world.gateway.join();
    ann.sayRaw(text);
    const answer = await ann.waitFor('error');
    expect(answer).toMatchObject({ code: 'badRequest', temporary: false, details: { path } });
    expect(answer).not.toHaveProperty('id');
    expect((await ann.ask({ action: 'leave', id: 1 })).type).toBe('ok');
  });
}

for (const fault of ['tooLarge', 'binary'] as const) {
  test(`[GW7] a frame that is ${fault} is answered badRequest, and the connection lives`, async () => {
    await using world = await World.create();
    const ann = await world.gateway.join();
    ann.listener?.unreadable(fault);
    expect(await ann.waitFor('error')).toMatchObject({ code: 'badRequest', details: { path: '' } });
    expect((await ann.ask({ action: 'leave', id: 1 })).type).toBe('ok');
  });
}

test('[GW7] an unknown action is answered unknownAction, and its name repeated only where it is short', async () => {
  await using world = await World.create();
  const socket = world.gateway.connect();
  for (const action of ['dance', 'constructor', '__proto__', 'toString']) {
    expect(await socket.ask({ action, id: action })).toEqual({
      type: 'error',
      id: action,
      action,
      code: 'unknownAction',
      message: expect.any(String),
      temporary: false,
    });
  }
  const answer = await socket.ask({ action: long(64), id: 'long' });
  expect(answer).toMatchObject({ code: 'unknownAction' });
  expect(answer).not.toHaveProperty('action');
});

test('[GW7] JSON nested deeper than any stack is refused, and costs nobody anything', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  ann.sayRaw(`{"action":"sendMessage","id":1,"payload":${'['.repeat(30_000)}${']'.repeat(30_000)}}`);
  ann.sayRaw('['.repeat(60_000));
  ann.sayRaw(`{"action":"updatePeer","id":2,"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`);
  await ann.waitFor('error', 3);
  expect(ann.of('error').map(({ id, code }) => [id, code])).toEqual([
    [1, 'badRequest'],
    [undefined, 'badRequest'],
    [2, 'badRequest'],
  ]);
  expect((await ann.ask({ action: 'leave', id: 3 })).type).toBe('ok');
});
