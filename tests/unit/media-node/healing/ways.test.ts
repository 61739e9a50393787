import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { Ways } from '../../../../apps/media-node/src/healing/ways.ts';

const there = 'node:a:1';

/** A way whose pair was made anew, in vain. */
async function avoided() {
  const clock = new ManualClock();
  await clock.advance(1000);
  const ways = new Ways(clock);
  expect(ways.judge(there, { again: true, since: 500 })).toBe('avoid');
  return { clock, ways };
}

it('[PI16] a dead link is made anew first; one that dies again goes another way', () => {
  const ways = new Ways(new ManualClock());
  expect(ways.judge(there, { again: false, since: 0 })).toBe('remake');
  expect([ways.isAvoided(there), ways.avoided]).toEqual([false, 0]);
  expect(ways.judge(there, { again: true, since: 0 })).toBe('avoid');
  expect([ways.isAvoided(there), ways.avoided]).toEqual([true, 1]);
});

it('[PI16] the links of other rooms follow at once; one that had no other way waits', async () => {
  const { clock, ways } = await avoided();
  expect(ways.judge(there, { again: false, since: 500 })).toBe('avoid');
  await clock.advance(1000);
  expect(ways.judge(there, { again: false, since: clock.now() })).toBe('wait');
});

it('[PI16] a way is tried again after a while, ever later, and two minutes at most', async () => {
  const { clock, ways } = await avoided();
  const pauses: number[] = [];
  for (let round = 0; round < 6; round++) {
    const began = clock.now();
    while (ways.isAvoided(there)) await clock.advance(500);
    pauses.push(clock.now() - began);
    expect(ways.judge(there, { again: false, since: clock.now() })).toBe('avoid');
  }
  expect(pauses[0]).toBeGreaterThanOrEqual(7000);
  expect(pauses[0]).toBeLessThanOrEqual(13_500);
  expect(pauses[2]).toBeGreaterThan(pauses[0]!);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(156_500);
});

it('[PI16] media that comes from there, and a node that goes, make everything forgotten', async () => {
  const { ways } = await avoided();
  ways.forget(there);
  expect(ways.isAvoided(there)).toBe(false);
  expect(ways.judge(there, { again: false, since: 0 })).toBe('remake');
});
