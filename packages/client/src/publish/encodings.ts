import type { types } from 'mediasoup-client';

/** Bits per second of a full-size layer for each pixel at 30 frames: 720p gets 1.5 Mbit/s, as libwebrtc gives it. */
const bitsPerPixel = 1.6;
const leastBitrate = 100_000;

/**
 * Simulcast by the size of the source: three layers from 960 pixels wide, two from 480, one below. More layers than
 * that are never sent: libwebrtc drops the top one of three at 640 × 360, and a layer of 120 × 68 is of no use.
 * Each layer carries three temporal ones (L1T3), so that a node can halve a viewer's frames without a key frame.
 */
export function encodingsFor(width: number, height: number): types.RtpEncodingParameters[] {
  const layers = width >= 960 ? 3 : width >= 480 ? 2 : 1;
  return Array.from({ length: layers }, (_, layer) => {
    const scaleResolutionDownBy = 2 ** (layers - 1 - layer);
    return {
      scaleResolutionDownBy,
      maxBitrate: bitrate(width, height, scaleResolutionDownBy),
      scalabilityMode: 'L1T3',
    };
  });
}

function bitrate(width: number, height: number, scale: number): number {
  return Math.max(leastBitrate, Math.round((bitsPerPixel * width * height) / scale ** 2));
}

/** One layer at `bitrate` bits per second: screens, where a small layer is unreadable, and `simulcast: false`. */
export function singleEncoding(maxBitrate: number): types.RtpEncodingParameters[] {
  return [{ maxBitrate, scalabilityMode: 'L1T3' }];
}
