import { getSupportedRtpCapabilities, type types } from 'mediasoup';

/** What means something between two ends alone, and is not carried on. */
const notCarried = new Set([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
]);

/** Layers of AV1 cannot be told apart without it. Capabilities leave it out, since no client is sent it. */
const dependencyDescriptor = getSupportedRtpCapabilities().headerExtensions?.find(({ uri }) =>
  uri.endsWith('#dependency-descriptor-rtp-header-extension'),
);

export interface PausedPipeOptions {
  producerId: string;
  router: types.Router;
  enableRtx: boolean;
}

export interface PausedPipe {
  consumer: types.Consumer;
  /** What the other end produces with. */
  rtpParameters: types.RtpParameters;
}

/**
 * As the pipe's own `consume`, and paused. The worker takes `paused` of any consumer and every transport's `consume`
 * has it; only the pipe's own leaves it out, so the one that it overrides is called. It makes the same parameters when it
 * is given the router's capabilities without what a pipe doesn't carry (tests/integration/media-node/pipes/paused-pipe.test.ts).
 */
export async function consumePaused(transport: types.PipeTransport, options: PausedPipeOptions): Promise<PausedPipe> {
  const base = Object.getPrototypeOf(Object.getPrototypeOf(transport)) as types.Transport;
  const { codecs = [], headerExtensions = [] } = options.router.rtpCapabilities;
  const consumer = await base.consume.call(transport, {
    producerId: options.producerId,
    rtpCapabilities: { codecs, headerExtensions: headerExtensions.filter(({ uri }) => !notCarried.has(uri)) },
    pipe: true,
    paused: true,
    enableRtx: options.enableRtx,
  });
  return { consumer, rtpParameters: withDependencyDescriptor(consumer.rtpParameters) };
}

function withDependencyDescriptor(parameters: types.RtpParameters): types.RtpParameters {
  if (!dependencyDescriptor) return parameters;
  const { uri, preferredId: id, preferredEncrypt: encrypt = false } = dependencyDescriptor;
  const added = { uri: uri, id, encrypt, parameters: {} };
  const headerExtensions = [...(parameters.headerExtensions ?? []), added].sort((a, b) => a.id - b.id);
  return { ...parameters, headerExtensions };
}
