import { expect, test } from 'vitest';
import { tileWidth } from '../../../web/src/tile-layout.ts';

test.each([
  ['one person gets the height', 1248, 560, 1, 995],
  ['two sit side by side on a desk', 1248, 560, 2, 619],
  ['five make two rows', 1248, 560, 5, 409],
  ['two are stacked on a telephone', 340, 560, 2, 340],
  ['a crowd scrolls before it becomes unrecognizable', 340, 560, 60, 150],
])('%s', (_what, width, height, count, expected) => {
  expect(tileWidth(width, height, count)).toBe(expected);
});
