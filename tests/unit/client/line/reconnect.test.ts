import { describe, expect, test } from 'vitest';
import { delayBefore, Turns } from '../../../../packages/client/src/line/reconnect.ts';

describe('coming back', () => {
  test('is tried soon, then less and less often, and never rarer than each 7 s', () => {
    const delays = Array.from({ length: 8 }, (_, attempt) => delayBefore(attempt, 0));
    expect(delays).toEqual([0, 300, 1200, 2700, 4800, 7000, 7000, 7000]);
  });

  test('is spread: by up to a half longer, and never sooner', () => {
    expect(delayBefore(1, 0.5)).toBe(375);
    for (let round = 0; round < 100; round++) {
      expect(delayBefore(3)).toBeGreaterThanOrEqual(2700);
      expect(delayBefore(3)).toBeLessThanOrEqual(4050);
    }
  });

  test('[CK6] begins within a quarter of a second, not all clients at once', () => {
    expect([delayBefore(0, 0), delayBefore(0, 0.5), delayBefore(0, 0.999)]).toEqual([0, 125, 250]);
  });

  test('[CK6] takes turns among the gateways, in an order of each client, the present one last', () => {
    const first = new Set<string>();
    for (let client = 0; client < 200; client++) {
      const turns = new Turns(['a', 'b', 'c', 'd'], 1);
      const round = [turns.next(), turns.next(), turns.next(), turns.next()];
      expect(round.toSorted()).toEqual(['a', 'b', 'c', 'd']);
      expect(round[3]).toBe('b');
      expect(turns.next()).toBe(round[0]);
      first.add(round[0] ?? '');
    }
    expect([...first].sort()).toEqual(['a', 'c', 'd']);
    expect(new Turns(['only'], 0).next()).toBe('only');
  });
});
