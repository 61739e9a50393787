import type { DtlsParameters, RtpCapabilities, RtpParameters, TransportParameters } from '@sluice/shared/protocol';

/** mediasoup's parameters as SDP for a native peer connection, and back. One video track a connection, with mid 0. */

export const payloadType = 101;

/** What a native publisher sends: VP8 without header extensions, so that a packet of 1,200 bytes is one. */
export function sentParameters(ssrc: number): RtpParameters {
  return {
    mid: '0',
    codecs: [{ mimeType: 'video/VP8', payloadType, clockRate: 90_000, rtcpFeedback: [...feedback] }],
    headerExtensions: [],
    encodings: [{ ssrc }],
    rtcp: { cname: 'bench' },
  };
}

const feedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }] as const;

/** Of what a router can do, what a native viewer takes: VP8 and its retransmissions. */
export function viewerCapabilities({ codecs = [] }: RtpCapabilities): RtpCapabilities {
  const vp8 = codecs.find(({ mimeType }) => mimeType.toLowerCase() === 'video/vp8');
  if (vp8?.preferredPayloadType === undefined) throw new Error('The router has no VP8.');
  const rtx = codecs.filter((codec) => codec.parameters?.['apt'] === vp8.preferredPayloadType);
  return { codecs: [{ ...vp8, rtcpFeedback: [...feedback] }, ...rtx], headerExtensions: [] };
}

/** The server's answer to a publisher's offer: the publisher begins the DTLS handshake, as browsers do. */
export function answerToPublisher(transport: TransportParameters): string {
  const codec = [`a=rtpmap:${payloadType} VP8/90000`, ...feedbackLines(payloadType)];
  return description(transport, { direction: 'recvonly', setup: 'passive', payloadTypes: [payloadType], lines: codec });
}

/** The server's offer to a viewer of one consumer. */
export function offerToViewer(transport: TransportParameters, { codecs, encodings }: RtpParameters): string {
  const lines = codecs.flatMap(({ mimeType, payloadType: type, clockRate, parameters }) => [
    `a=rtpmap:${type} ${mimeType.slice('video/'.length)}/${clockRate}`,
    ...(parameters?.['apt'] === undefined ? feedbackLines(type) : [`a=fmtp:${type} apt=${parameters['apt']}`]),
  ]);
  const types = codecs.map((codec) => codec.payloadType);
  const sources = [...lines, ...sourceLines(encodings)];
  return description(transport, { direction: 'sendonly', setup: 'actpass', payloadTypes: types, lines: sources });
}

/** The client's side of DTLS, from the description that its library made. */
export function dtlsParametersOf(sdp: string): DtlsParameters {
  const [, algorithm, value] = /^a=fingerprint:(\S+) (\S+)/m.exec(sdp) ?? [];
  if (algorithm === undefined || value === undefined) throw new Error('This description has no fingerprint.');
  const known = algorithm.toLowerCase() as DtlsParameters['fingerprints'][number]['algorithm'];
  // An offer's `actpass` becomes `active` by our own answer.
  const role = /^a=setup:passive/m.test(sdp) ? 'server' : 'client';
  return { role, fingerprints: [{ algorithm: known, value }] };
}

const feedbackLines = (type: number) => feedback.map((one) => `a=rtcp-fb:${type} ${Object.values(one).join(' ')}`);

function sourceLines(encodings: RtpParameters['encodings']): string[] {
  const { ssrc, rtx } = encodings?.[0] ?? {};
  if (ssrc === undefined) throw new Error('A consumer without an SSRC.');
  if (!rtx) return [`a=ssrc:${ssrc} cname:bench`];
  return [`a=ssrc-group:FID ${ssrc} ${rtx.ssrc}`, `a=ssrc:${ssrc} cname:bench`, `a=ssrc:${rtx.ssrc} cname:bench`];
}

interface Section {
  direction: 'recvonly' | 'sendonly';
  setup: 'passive' | 'actpass';
  payloadTypes: number[];
  lines: string[];
}

function description(transport: TransportParameters, { direction, setup, payloadTypes, lines }: Section): string {
  const { iceParameters, iceCandidates, dtlsParameters } = transport;
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  if (!fingerprint) throw new Error('The server has no SHA-256 fingerprint.');
  const all = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    `m=video 7 UDP/TLS/RTP/SAVPF ${payloadTypes.join(' ')}`,
    'c=IN IP4 127.0.0.1',
    'a=mid:0',
    `a=${direction}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...lines,
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    `a=setup:${setup}`,
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map((it) => `a=candidate:${it.foundation} 1 udp ${it.priority} ${it.address} ${it.port} typ host`),
    'a=end-of-candidates',
  ];
  return `${all.join('\r\n')}\r\n`;
}
