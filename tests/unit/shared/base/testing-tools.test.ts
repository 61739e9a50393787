import { expect, test } from 'vitest';
import { eventually, seeded, within } from '../../../../packages/shared/testing/index.ts';

test('a seed repeats itself, and spreads evenly', () => {
  const [a, b] = [seeded(42), seeded(42)];
  const numbers = Array.from({ length: 10_000 }, () => a.int(10));
  expect(Array.from({ length: 10_000 }, () => b.int(10))).toEqual(numbers);
  for (let digit = 0; digit < 10; digit++) {
    expect(numbers.filter((number) => number === digit).length).toBeGreaterThan(900);
  }
  expect(() => a.pick([])).toThrow('nothing to pick');
});

test('waiting returns the first true answer, and says in vain what it waited for', async () => {
  let asked = 0;
  expect(await eventually('the third', () => (++asked === 3 ? 'third' : undefined))).toBe('third');
  const refusing = eventually('a wonder', () => Promise.reject(new Error('not today')), { withinMs: 30 });
  await expect(refusing).rejects.toThrow('Waited 30 ms for a wonder. The last answer was Error: not today.');
  await expect(within(10, 'the end', new Promise(() => undefined))).rejects.toThrow('Waited 10 ms for the end.');
  expect(await within(1000, 'a value', Promise.resolve(1))).toBe(1);
});
