import { describe, expect, test } from 'vitest';
import { delayBefore, Turns } from '../../../../packages/client/src/line/reconnect.ts';

describe('coming back', () => {
  test('is tried at once, then less and less often, and never rarer than each 7 s', () => {
    const delays = Array.from({ length: 8 }, (_, attempt) => delayBefore(attempt, 0));
    expect(delays).toEqual([0, 300, 1200, 2700, 4800, 7000, 7000, 7000]);
  });

  test('is spread: by up to a half longer, and never sooner', () => {
    expect(delayBefore(0, 0.999)).toBe(0);
    expect(delayBefore(1, 0.5)).toBe(375);
    for (let round = 0; round < 100; round++) {
      expect(delayBefore(3)).toBeGreaterThanOrEqual(2700);
      expect(delayBefore(3)).toBeLessThanOrEqual(4050);
    }
  });

  test('takes turns among the gateways, the next one first', () => {
    const turns = new Turns(['a', 'b', 'c'], 1);
    expect([turns.next(), turns.next(), turns.next(), turns.next()]).toEqual(['c', 'a', 'b', 'c']);
    expect(new Turns(['only'], 0).next()).toBe('only');
  });
});
