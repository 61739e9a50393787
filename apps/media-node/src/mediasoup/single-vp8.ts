import type { RtpParameters } from '@sluice/shared/protocol';

/**
 * A single VP8 stream is taken as one without temporal layers, whatever its publisher says of it. mediasoup (3.27) drops
 * the first key frame of such a stream at every resume, since it compares its temporal layer with the highest that is
 * wanted: measured, the first packets came after 0.35–0.65 s rather than 0.1–0.25, and where the one frame that lets the
 * consumer in after that was missed too, they never came. Simulcast and the other codecs have no such fault.
 */
export function withoutLoneLayers(rtpParameters: RtpParameters): RtpParameters {
  const [encoding, second] = rtpParameters.encodings ?? [];
  const isVp8 = rtpParameters.codecs[0]?.mimeType.toLowerCase() === 'video/vp8';
  if (!isVp8 || second || encoding?.scalabilityMode === undefined) return rtpParameters;
  const { scalabilityMode: _, ...single } = encoding;
  return { ...rtpParameters, encodings: [single] };
}
