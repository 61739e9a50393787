import * as z from 'zod';

/**
 * The shapes of media parameters as mediasoup and mediasoup-client exchange them. Bounds are generous beside what
 * browsers send (Chromium 156: 26 codecs, 17 header extensions, 3 encodings) and small beside what could hurt.
 */
const parameters = z.record(z.string().max(64), z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]));
const ssrc = z.int().min(0).max(0xffff_ffff);
const payloadType = z.int().min(0).max(127);
const mimeType = z
  .string()
  .max(64)
  .regex(/^(audio|video)\/[A-Za-z0-9.+-]+$/);

export const mediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.infer<typeof mediaKind>;

const rtcpFeedback = z.object({ type: z.string().max(32), parameter: z.string().max(32).exactOptional() });

const rtpCodec = z.object({
  mimeType,
  payloadType,
  clockRate: z.int().min(1).max(192_000),
  channels: z.int().min(1).max(16).exactOptional(),
  parameters: parameters.exactOptional(),
  rtcpFeedback: z.array(rtcpFeedback).max(32).exactOptional(),
});

const rtpEncoding = z.object({
  ssrc: ssrc.exactOptional(),
  rid: z.string().max(16).exactOptional(),
  codecPayloadType: payloadType.exactOptional(),
  rtx: z.object({ ssrc }).exactOptional(),
  dtx: z.boolean().exactOptional(),
  scalabilityMode: z.string().max(16).exactOptional(),
  maxBitrate: z.int().min(0).max(1e9).exactOptional(),
});

export const rtpParameters = z.object({
  mid: z.string().max(16).exactOptional(),
  codecs: z.array(rtpCodec).min(1).max(32),
  headerExtensions: z
    .array(
      z.object({
        uri: z.string().max(256),
        id: z.int().min(1).max(255),
        encrypt: z.boolean().exactOptional(),
        parameters: parameters.exactOptional(),
      }),
    )
    .max(32)
    .exactOptional(),
  encodings: z.array(rtpEncoding).min(1).max(8).exactOptional(),
  rtcp: z
    .object({ cname: z.string().max(256).exactOptional(), reducedSize: z.boolean().exactOptional() })
    .exactOptional(),
  msid: z.string().max(256).exactOptional(),
});
export type RtpParameters = z.infer<typeof rtpParameters>;

export const rtpCapabilities = z.object({
  codecs: z
    .array(
      rtpCodec.omit({ payloadType: true }).extend({
        kind: mediaKind,
        preferredPayloadType: payloadType.exactOptional(),
      }),
    )
    .max(64)
    .exactOptional(),
  headerExtensions: z
    .array(
      z.object({
        kind: mediaKind,
        uri: z.string().max(256),
        preferredId: z.int().min(1).max(255),
        preferredEncrypt: z.boolean().exactOptional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).exactOptional(),
      }),
    )
    .max(64)
    .exactOptional(),
});
export type RtpCapabilities = z.infer<typeof rtpCapabilities>;

export const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).exactOptional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z
          .string()
          .max(256)
          .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+$/),
      }),
    )
    .min(1)
    .max(8),
});
export type DtlsParameters = z.infer<typeof dtlsParameters>;

export const sctpStreamParameters = z.object({
  streamId: z.int().min(0).max(65_534),
  ordered: z.boolean().exactOptional(),
  maxPacketLifeTime: z.int().min(1).max(65_535).exactOptional(),
  maxRetransmits: z.int().min(0).max(65_535).exactOptional(),
});
export type SctpStreamParameters = z.infer<typeof sctpStreamParameters>;

export interface IceParameters {
  usernameFragment: string;
  password: string;
  iceLite?: boolean;
}

export interface IceCandidate {
  foundation: string;
  priority: number;
  ip: string;
  address: string;
  protocol: 'udp' | 'tcp';
  port: number;
  type: 'host';
  tcpType?: 'passive';
}

export interface SctpParameters {
  port: number;
  OS: number;
  MIS: number;
  maxMessageSize: number;
}

/** What a client needs to build its end of a WebRTC transport. */
export interface TransportParameters {
  id: string;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  sctpParameters?: SctpParameters;
}

/** Which consumers of a transport get bandwidth first: 255 before all others, 1 by default. */
export const consumerPriority = z.int().min(1).max(255);
export const consumerLayers = z.object({
  spatialLayer: z.int().min(0).max(7),
  temporalLayer: z.int().min(0).max(7).exactOptional(),
});
export type ConsumerLayers = z.infer<typeof consumerLayers>;

export const srtpParameters = z.object({ cryptoSuite: z.string().max(64), keyBase64: z.string().max(256) });
export type SrtpParameters = z.infer<typeof srtpParameters>;
