import { ByteBudget, SluiceError } from '@sluice/shared';
import { expect, test } from 'vitest';

const longest = 16_384;

/** How many messages of that length pass at that moment, and what the next one is answered. */
function flood(budget: ByteBudget, bytes: number, now: number) {
  for (let passed = 0; ; passed++) {
    try {
      budget.take(bytes, now);
    } catch (error) {
      return { passed, refusal: SluiceError.from(error) };
    }
  }
}

test('[DI59] a flood of the longest messages is refused from half a mebibyte on, and then two pass a second', () => {
  const budget = new ByteBudget();
  const { passed, refusal } = flood(budget, longest, 0);
  expect(passed).toBe(32);
  expect(refusal).toMatchObject({ code: 'tooManyRequests', details: { limit: 'messageBytes', retryAfterMs: 500 } });
  expect(flood(budget, longest, 500).passed).toBe(1);
  expect(flood(budget, longest, 10_500).passed).toBe(20);
  expect(flood(budget, longest, 3_600_000).passed).toBe(32);
});

test('[DI59] a chat never meets it: a thousand short messages in one instant', () => {
  const budget = new ByteBudget();
  for (let message = 0; message < 1000; message++) budget.take(500, 0);
});
