import type { NodeOperationName } from '@sluice/shared';
import type { ActionInput, ActionName } from '@sluice/shared/protocol';

/** What a browser sends, small: one of each. */
export const rtpParameters = {
  mid: '0',
  codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, rtcpFeedback: [{ type: 'nack' }] }],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1 }],
  encodings: [{ ssrc: 1234, rtx: { ssrc: 1235 } }],
  rtcp: { cname: 'c' },
};
export const rtpCapabilities = {
  codecs: [{ kind: 'audio' as const, mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
};
export const dtlsParameters = { fingerprints: [{ algorithm: 'sha-256' as const, value: 'AB:CD:EF' }] };

export interface Example<A extends ActionName> {
  fields: ActionInput<A>;
  operation: NodeOperationName;
  /** What the node is asked, besides whose peer it is. */
  params: Record<string, unknown>;
  reply: Record<string, unknown>;
}

/** Everything that goes straight to the peer's node. */
export const examples: { [A in Exclude<ActionName, 'join' | 'resume' | 'moved' | 'leave'>]: Example<A> } = {
  createWebRtcTransport: {
    fields: { direction: 'recv' },
    operation: 'createTransport',
    params: { direction: 'recv', sctp: false },
    reply: { type: 'consumerTransport', consumerTransport: { id: 't1' } },
  },
  connectTransport: {
    fields: { transportId: 't1', dtlsParameters, role: 'consumer' },
    operation: 'connectTransport',
    params: { transportId: 't1', dtlsParameters },
    reply: { type: 'transportConnected', transportId: 't1' },
  },
  restartIce: {
    fields: { transportId: 't1' },
    operation: 'restartIce',
    params: { transportId: 't1' },
    reply: { type: 'iceRestarted', transportId: 't1', iceParameters: { usernameFragment: 'u' } },
  },
  closeTransport: {
    fields: { transportId: 't1' },
    operation: 'closeTransport',
    params: { transportId: 't1' },
    reply: { type: 'ok', action: 'closeTransport' },
  },
  produce: {
    fields: {
      transportId: 't1',
      kind: 'video',
      rtpParameters,
      source: 'screen',
      metadata: { a: [1] },
    },
    operation: 'produce',
    params: {
      transportId: 't1',
      kind: 'video',
      rtpParameters,
      paused: false,
      source: 'screen',
      metadata: { a: [1] },
    },
    reply: { type: 'produced', producerId: /^producer-/ },
  },
  pauseProducer: forProducer('pauseProducer'),
  resumeProducer: forProducer('resumeProducer'),
  closeProducer: forProducer('closeProducer'),
  consume: {
    fields: { producerId: 'p1', rtpCapabilities, preferredLayers: { spatialLayer: 1 } } as never,
    operation: 'consume',
    params: { producerIds: ['p1'], paused: true, rtpCapabilities, preferredLayers: { spatialLayer: 1 } },
    reply: { type: 'consumed', consumers: [{ id: 'c-p1', producerId: 'p1' }], failed: [] },
  },
  pauseConsumer: forConsumers('pauseConsumer', 'pauseConsumers'),
  resumeConsumer: forConsumers('resumeConsumer', 'resumeConsumers'),
  closeConsumer: forConsumers('closeConsumer', 'closeConsumers'),
  setPreferredLayers: {
    fields: { consumerId: 'c1' as never, spatialLayer: 2, temporalLayer: 0 },
    operation: 'setPreferredLayers',
    params: { consumerId: 'c1', spatialLayer: 2, temporalLayer: 0 },
    reply: { type: 'ok', action: 'setPreferredLayers' },
  },
  setPriority: {
    fields: { consumerId: 'c1' as never, priority: 255 },
    operation: 'setPriority',
    params: { consumerId: 'c1', priority: 255 },
    reply: { type: 'ok', action: 'setPriority' },
  },
  requestKeyFrame: {
    fields: { consumerId: 'c1' as never },
    operation: 'requestKeyFrame',
    params: { consumerId: 'c1' },
    reply: { type: 'ok', action: 'requestKeyFrame' },
  },
  produceData: {
    fields: { transportId: 't1', sctpStreamParameters: { streamId: 3 }, label: 'chat' },
    operation: 'produceData',
    params: { transportId: 't1', sctpStreamParameters: { streamId: 3 }, label: 'chat', protocol: '' },
    reply: { type: 'dataProduced', dataProducerId: /^producer-/ },
  },
  consumeData: {
    fields: { dataProducerId: 'd1' as never, transportId: 't2' as never, ordered: true, maxRetransmits: 3 },
    operation: 'consumeData',
    params: { dataProducerId: 'd1', transportId: 't2', ordered: true, maxRetransmits: 3 },
    reply: { type: 'dataConsumed', dataConsumerId: 'dc1', dataProducerId: 'd1', sctpStreamParameters: { streamId: 1 } },
  },
  closeDataProducer: {
    fields: { dataProducerId: 'd1' as never },
    operation: 'closeDataProducer',
    params: { dataProducerId: 'd1' },
    reply: { type: 'ok', action: 'closeDataProducer' },
  },
  closeDataConsumer: {
    fields: { dataConsumerId: 'dc1' as never },
    operation: 'closeDataConsumer',
    params: { dataConsumerId: 'dc1' },
    reply: { type: 'ok', action: 'closeDataConsumer' },
  },
  sendMessage: {
    fields: { payload: { text: 'hi' }, to: ['someone' as never] },
    operation: 'sendMessage',
    params: { payload: { text: 'hi' }, to: ['someone'] },
    reply: { type: 'messageSent', seq: 2 },
  },
  updatePeer: {
    fields: { name: 'Ann', metadata: null },
    operation: 'updatePeer',
    params: { name: 'Ann', metadata: null },
    reply: { type: 'ok', action: 'updatePeer' },
  },
  getStats: {
    fields: { consumerId: 'c1' as never },
    operation: 'getStats',
    params: { consumerId: 'c1' },
    reply: { type: 'stats', stats: [{ a: 1 }] },
  },
} as never;

function forProducer(action: 'pauseProducer' | 'resumeProducer' | 'closeProducer') {
  return {
    fields: { producerId: 'p1' },
    operation: action,
    params: { producerId: 'p1' },
    reply: { type: 'ok', action },
  };
}

function forConsumers(action: string, operation: string) {
  return {
    fields: { consumerIds: ['c1', 'c2'] },
    operation,
    params: { consumerIds: ['c1', 'c2'] },
    reply: { type: 'ok', action },
  };
}

export const allActions: Record<string, Record<string, unknown>> = {
  join: { room: 'demo' },
  resume: { room: 'demo', peerId: 'p_1', resumeToken: 'token', epoch: 1, seq: 1 },
  moved: {},
  ping: {},
  leave: {},
  ...Object.fromEntries(Object.entries(examples).map(([action, { fields }]) => [action, fields])),
};
