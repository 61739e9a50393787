import { expect, it } from 'vitest';
import { Pulse } from '../../../../apps/media-node/src/healing/pulse.ts';

/** A link that is looked at when it is due, from 0 ms on. Its counters are what the test says they are by then. */
function watch(options: {
  received: (now: number) => number;
  sent: (now: number) => number;
  forMs: number;
  fresh?: boolean;
  suspect?: boolean;
}) {
  const { received, sent, forMs, fresh = false, suspect = false } = options;
  const pulse = new Pulse({ now: 0, fresh, suspect });
  const looks: number[] = [];
  const asks: number[] = [];
  for (let now = 250; now <= forMs; now += 250) {
    if (!pulse.isDue(now)) continue;
    looks.push(now);
    if (pulse.look(received(now), now) || !pulse.shouldAsk(now)) continue;
    asks.push(now);
    pulse.told(sent(now), now);
    if (pulse.isDead(now)) return { diedAt: now, looks, asks };
  }
  return { diedAt: undefined, looks, asks };
}

const flowing = (now: number) => now;
const until = (cut: number) => (now: number) => Math.min(now, cut);

it('[PI17] a link that something comes on is looked at once a second, and its sender never asked', () => {
  const { diedAt, looks, asks } = watch({ received: flowing, sent: flowing, forMs: 20_000 });
  expect([diedAt, asks]).toEqual([undefined, []]);
  expect(looks.length).toBeLessThanOrEqual(21);
});

it('[PI16] a link is dead after two seconds without any of what was sent, and within three', () => {
  for (let cut = 5000; cut <= 6000; cut += 125) {
    const { diedAt, asks } = watch({ received: until(cut), sent: flowing, forMs: 20_000 });
    expect(diedAt! - cut).toBeGreaterThanOrEqual(1750);
    expect(diedAt! - cut).toBeLessThanOrEqual(3000);
    expect(asks.length).toBeLessThanOrEqual(6);
  }
});

it('[PI16] one that was just made anew is dead within a second', () => {
  const { diedAt } = watch({ received: () => 0, sent: flowing, forMs: 5000, fresh: true, suspect: true });
  expect(diedAt).toBeLessThanOrEqual(1000);
});

it('[PI16] one that was made anew, and works, has as long as any other', () => {
  const options = { sent: flowing, forMs: 20_000, fresh: true, suspect: true };
  expect(watch({ ...options, received: until(5000) }).diedAt).toBeGreaterThanOrEqual(6750);
});

it('[PI17] a sender that has nothing to send is asked ever less often, and its link is never dead', () => {
  const { diedAt, asks } = watch({ received: () => 700, sent: () => 900, forMs: 60_000 });
  expect(diedAt).toBeUndefined();
  expect(asks.length).toBeLessThanOrEqual(22);
});

it('[PI17] packets that come once in a while keep a link alive', () => {
  const rare = (now: number) => Math.floor(now / 1500);
  expect(watch({ received: rare, sent: rare, forMs: 60_000 }).diedAt).toBeUndefined();
});

it('[PI17] a sender that begins at the moment when it is asked has no dead link', () => {
  for (let began = 4000; began <= 8000; began += 250) {
    const sent = (now: number) => Math.max(0, now - began + 1);
    // What was sent is here a while later.
    const received = (now: number) => Math.max(0, now - began - 200);
    expect(watch({ received, sent, forMs: 20_000 }).diedAt).toBeUndefined();
  }
});

it('[PI16] a link that was silent for long is found when its sender begins and nothing comes', () => {
  const sent = (now: number) => Math.max(0, now - 30_000);
  const { diedAt } = watch({ received: () => 0, sent, forMs: 60_000 });
  expect(diedAt).toBeLessThanOrEqual(30_000 + 4500);
});
