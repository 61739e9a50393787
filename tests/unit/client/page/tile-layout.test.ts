import { expect, test } from 'vitest';
import { narrowestUpright, tileSize, widest } from '../../../../web/src/tiles/tile-layout.ts';

const desk = { width: 1248, height: 660 };
const telephone = { width: 340, height: 600 };

test.each([
  ['one person gets the height', desk, 1, undefined, { width: 1173, height: 660 }],
  ['two sit side by side on a desk', desk, 2, undefined, { width: 619, height: 464 }],
  ['five make two rows', desk, 5, undefined, { width: 409, height: 307 }],
  ['two are stacked on a telephone', telephone, 2, narrowestUpright, { width: 340, height: 295 }],
  ['five sit in pairs on a telephone', telephone, 5, narrowestUpright, { width: 165, height: 193 }],
  [
    'a crowd scrolls before it becomes unrecognizable',
    telephone,
    60,
    narrowestUpright,
    { width: 150, height: 84, fits: false },
  ],
  ['nothing of a screen is cut off', telephone, 1, widest, { width: 340, height: 191 }],
])('%s', (_what, space, count, narrowest, expected) => {
  expect(tileSize(space, count, narrowest)).toEqual({ fits: true, ...expected });
});
