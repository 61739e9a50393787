import type { RtpCapabilities, RtpParameters, TransportParameters } from '@sluice/shared/protocol';
import { remoteDescription } from '../../support/native/sdp.ts';

/** mediasoup's parameters as SDP for a native peer connection. One video track a connection, with mid 0. */

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

/** The server's answer to a publisher's offer. */
export function answerToPublisher(transport: TransportParameters): string {
  const { codecs } = sentParameters(0);
  return remoteDescription('answer', transport, [{ kind: 'video', direction: 'recvonly', codecs }]);
}

/** The server's offer to a viewer of one consumer. */
export function offerToViewer(transport: TransportParameters, { codecs, encodings }: RtpParameters): string {
  const { ssrc, rtx } = encodings?.[0] ?? {};
  if (ssrc === undefined) throw new Error('A consumer without an SSRC.');
  const section = { kind: 'video', direction: 'sendonly', codecs, ssrc, rtxSsrc: rtx?.ssrc } as const;
  return remoteDescription('offer', transport, [section]);
}
