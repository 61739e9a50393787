import type { RtpCapabilities, RtpParameters, TransportParameters } from '@sluice/shared/protocol';
import { describe, expect, test } from 'vitest';
import * as sdp from '../../bench/native/sdp.ts';
import { localDtlsParameters } from '../../support/native/sdp.ts';

const transport: TransportParameters = {
  id: 't',
  iceParameters: { usernameFragment: 'ufrag', password: 'secret', iceLite: true },
  iceCandidates: [
    { foundation: 'f', priority: 1, ip: '127.0.0.1', address: '127.0.0.1', protocol: 'udp', port: 4000, type: 'host' },
    { foundation: 'g', priority: 0, ip: '127.0.0.1', address: '127.0.0.1', protocol: 'tcp', port: 4000, type: 'host' },
  ],
  dtlsParameters: {
    fingerprints: [
      { algorithm: 'sha-1', value: 'AA:BB' },
      { algorithm: 'sha-256', value: 'CC:DD' },
    ],
  },
};

const consumed: RtpParameters = {
  mid: '0',
  codecs: [
    { mimeType: 'video/VP8', payloadType: 100, clockRate: 90_000 },
    { mimeType: 'video/rtx', payloadType: 101, clockRate: 90_000, parameters: { apt: 100 } },
  ],
  encodings: [{ ssrc: 7, rtx: { ssrc: 8 } }],
};

const linesOf = (text: string) => text.trimEnd().split('\r\n');

describe('an answer to a publisher', () => {
  const lines = linesOf(sdp.answerToPublisher(transport));

  test('has the server wait for the DTLS handshake', () => {
    expect(lines).toContain('a=setup:passive');
    expect(lines).toContain('a=recvonly');
  });

  test('carries the address for UDP alone, and the SHA-256 fingerprint', () => {
    expect(lines.filter((line) => line.startsWith('a=candidate:'))).toEqual([
      'a=candidate:f 1 udp 1 127.0.0.1 4000 typ host',
    ]);
    expect(lines).toContain('a=fingerprint:sha-256 CC:DD');
    expect(lines).toContain('a=ice-ufrag:ufrag');
    expect(lines).toContain('a=ice-pwd:secret');
  });
});

describe('an offer to a viewer', () => {
  const lines = linesOf(sdp.offerToViewer(transport, consumed));

  test('names codecs by the payload types of the consumer', () => {
    expect(lines).toContain('m=video 7 UDP/TLS/RTP/SAVPF 100 101');
    expect(lines).toContain('a=rtpmap:100 VP8/90000');
    expect(lines).toContain('a=fmtp:101 apt=100');
  });

  test('names its sources, so that packets find their track', () => {
    expect(lines).toContain('a=ssrc-group:FID 7 8');
    expect(lines).toContain('a=ssrc:7 cname:sluice');
  });

  test('is refused without a source', () => {
    expect(() => sdp.offerToViewer(transport, { codecs: consumed.codecs })).toThrow('without an SSRC');
  });
});

describe('the DTLS parameters of a local description', () => {
  test('are its fingerprint, and the client role unless it waits', () => {
    const parameters = localDtlsParameters('v=0\r\na=setup:active\r\na=fingerprint:SHA-256 AA:BB\r\n');
    expect(parameters).toEqual({ role: 'client', fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }] });
    expect(localDtlsParameters('a=setup:passive\r\na=fingerprint:sha-256 AA\r\n').role).toBe('server');
  });

  test('are refused without a fingerprint', () => {
    expect(() => localDtlsParameters('v=0\r\n')).toThrow('no fingerprint');
  });
});

test("a viewer's capabilities are VP8 and its retransmissions, out of whatever a router speaks", () => {
  const router: RtpCapabilities = {
    codecs: [
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, preferredPayloadType: 99 },
      { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, preferredPayloadType: 100 },
      { kind: 'video', mimeType: 'video/rtx', clockRate: 90_000, preferredPayloadType: 101, parameters: { apt: 100 } },
      { kind: 'video', mimeType: 'video/rtx', clockRate: 90_000, preferredPayloadType: 103, parameters: { apt: 102 } },
    ],
    headerExtensions: [{ kind: 'video', uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', preferredId: 1 }],
  };
  const { codecs, headerExtensions } = sdp.viewerCapabilities(router);
  expect(codecs?.map(({ preferredPayloadType }) => preferredPayloadType)).toEqual([100, 101]);
  expect(headerExtensions).toEqual([]);
});
