import { describe, expect, test } from 'vitest';
import { median, percentile, spread, sum } from '../../bench/measure/statistics.ts';

describe('percentile', () => {
  test('lies between the two nearest values', () => {
    expect(percentile([10, 20], 0.5)).toBe(15);
    expect(percentile([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6);
  });

  test('takes values in any order, and leaves them so', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  test('is the value itself where there is one, and no number where there is none', () => {
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

test('a spread has the ends too', () => {
  expect(spread([4, 1, 9])).toEqual({ median: 4, min: 1, max: 9 });
  expect(sum([4, 1, 9])).toBe(14);
});
