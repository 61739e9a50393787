import { encodingsFor } from '@sluice/client';
import { expect, test } from 'vitest';

test.each([
  [1920, 1080, [4, 2, 1]],
  [1280, 720, [4, 2, 1]],
  [960, 540, [4, 2, 1]],
  [959, 540, [2, 1]],
  [640, 360, [2, 1]],
  [480, 270, [2, 1]],
  [479, 270, [1]],
  [320, 180, [1]],
])('a source of %i × %i is sent in as many sizes as it is worth', (width, height, scales) => {
  const encodings = encodingsFor(width, height);
  expect(encodings.map((encoding) => encoding.scaleResolutionDownBy)).toEqual(scales);
});

test('each layer gets the bits that its pixels need', () => {
  const bitrates = encodingsFor(1280, 720).map(({ maxBitrate }) => maxBitrate);
  expect(bitrates).toEqual([100_000, 368_640, 1_474_560]);
});
