import type { MoveEvent } from '@sluice/shared/protocol';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { PendingMove } from '../../../../apps/media-node/src/room/pending-move.ts';

/** When a notice is said again, in seconds after it was said first, over two minutes. */
async function repeats(decidedAt: number | undefined, stopAfterMs = Number.POSITIVE_INFINITY): Promise<number[]> {
  const clock = new ManualClock();
  const move = new PendingMove(clock, {} as MoveEvent, decidedAt);
  const said: number[] = [];
  move.repeat(() => said.push(clock.now() / 1000));
  await clock.advance(Math.min(stopAfterMs, 120_000));
  move.stop();
  await clock.advance(120_000);
  expect(clock.pending).toBe(0);
  return said;
}

test('[GW32] an unanswered notice is said six times more, ever later, while the peer may still be resumed', async () => {
  const said = await repeats(0);
  expect(said).toHaveLength(6);
  expect(said[0]).toBeGreaterThanOrEqual(0.4);
  expect(said[0]).toBeLessThanOrEqual(0.6);
  expect(said.at(-1)).toBeGreaterThan(25);
  expect(said.at(-1)).toBeLessThan(38);
});

test('[GW32] where the gateway was answered with it, not before a drain can be over', async () => {
  const said = await repeats(undefined);
  expect(said).toHaveLength(3);
  expect(said[0]).toBeGreaterThan(3);
});

test('[GW32] once answered it is not said again', async () => {
  expect(await repeats(0, 1000)).toHaveLength(1);
});
