import type { types } from 'mediasoup-client';
import type { Kind } from './rtp.ts';

/** The server's side of a peer connection, as the SDP that the native library wants. Section by section, mid by index. */
export interface RemoteTransport {
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
}

/** As mediasoup-client has it, and as the protocol does. */
interface RemoteCodec {
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels?: number;
  parameters?: Record<string, unknown>;
  rtcpFeedback?: { type: string; parameter?: string }[];
}

export interface RemoteSection {
  kind: Kind;
  direction: 'recvonly' | 'sendonly' | 'inactive';
  codecs: RemoteCodec[];
  /** What the server sends, and repeats lost packets of by; it receives whatever is announced to it. */
  ssrc?: number | undefined;
  rtxSsrc?: number | undefined;
}

/** `answer` to a publisher's offer, or the `offer` to a viewer: the client begins the DTLS handshake in both. */
export function remoteDescription(
  type: 'answer' | 'offer',
  transport: RemoteTransport,
  sections: readonly RemoteSection[],
): string {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${sections.map((_, mid) => mid).join(' ')}`,
    ...sections.flatMap((section, mid) => [
      ...sectionLines(section, mid),
      ...transportLines(transport),
      `a=setup:${type === 'answer' ? 'passive' : 'actpass'}`,
    ]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** The `answer` to a client that opens data channels. */
export function dataDescription(transport: RemoteTransport): string {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0',
    'm=application 7 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 127.0.0.1',
    'a=mid:0',
    'a=sendrecv',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
    ...transportLines(transport),
    'a=setup:passive',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function sectionLines({ kind, direction, codecs, ssrc, rtxSsrc }: RemoteSection, mid: number): string[] {
  return [
    `m=${kind} 7 UDP/TLS/RTP/SAVPF ${codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    'c=IN IP4 127.0.0.1',
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...codecs.flatMap(codecLines),
    ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
    ...[ssrc, rtxSsrc].flatMap((one) => (one === undefined ? [] : [`a=ssrc:${one} cname:sluice`])),
  ];
}

function codecLines({ mimeType, payloadType, clockRate, channels, parameters, rtcpFeedback = [] }: RemoteCodec) {
  const name = mimeType.slice(mimeType.indexOf('/') + 1);
  const repeated = parameters?.['apt'];
  return [
    `a=rtpmap:${payloadType} ${name}/${clockRate}${channels === 2 ? '/2' : ''}`,
    ...(repeated === undefined ? [] : [`a=fmtp:${payloadType} apt=${String(repeated)}`]),
    ...rtcpFeedback.map(({ type, parameter }) => `a=rtcp-fb:${payloadType} ${[type, parameter].join(' ').trim()}`),
  ];
}

function transportLines({ iceParameters, iceCandidates, dtlsParameters }: RemoteTransport): string[] {
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  if (!fingerprint) throw new Error('The server has no SHA-256 fingerprint.');
  return [
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map((it) => `a=candidate:${it.foundation} 1 udp ${it.priority} ${it.address} ${it.port} typ host`),
    'a=end-of-candidates',
  ];
}

/** The client's side of DTLS, from the description that its library made: it begins the handshake unless that says no. */
export function localDtlsParameters(sdp: string): types.DtlsParameters {
  const [, algorithm, value] = /^a=fingerprint:(\S+) (\S+)/m.exec(sdp) ?? [];
  if (algorithm === undefined || value === undefined) throw new Error('This description has no fingerprint.');
  const known = algorithm.toLowerCase() as types.DtlsParameters['fingerprints'][number]['algorithm'];
  const role = /^a=setup:passive/m.test(sdp) ? 'server' : 'client';
  return { role, fingerprints: [{ algorithm: known, value }] };
}
