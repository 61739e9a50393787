import { createMemoryBus, createMemoryHub, FeedVerifier, silentLogger, SluiceError } from '@sluice/shared';
import { ManualClock, settle } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';

const away = () => Promise.reject(new SluiceError('coordinatorUnavailable', 'Away.'));

/** Verifies `count` feeds, each of which does as `read` says. */
function verifying(count: number, read: (index: number) => Promise<void>) {
  const clock = new ManualClock();
  const hub = createMemoryHub({ clock });
  const reads = Array.from({ length: count }, () => 0);
  let [now, most, rechecks] = [0, 0, 0];
  const feeds = reads.map((_, index) => ({
    catchUp: async () => {
      reads[index] = (reads[index] ?? 0) + 1;
      most = Math.max(most, ++now);
      await read(index).finally(() => now--);
    },
    recheck: () => void rechecks++,
  }));
  const verifier = new FeedVerifier({ feeds: () => feeds, bus: createMemoryBus(hub), clock, log: silentLogger });
  return { clock, hub, verifier, reads, mostAtOnce: () => most, rechecks: () => rechecks };
}

describe('the verification of all rooms', () => {
  it('[GW45] is not begun again while it is under way, and reads a few rooms at a time', async () => {
    const { clock, verifier, reads, mostAtOnce } = verifying(6000, () => new Promise((go) => clock.setTimer(go, 200)));
    verifier.start();
    await clock.advance(6000);
    expect(mostAtOnce()).toBe(64);
    await clock.advance(40_000);
    verifier.stop();
    // Rooms whose reading ended between two rounds join the line in the order of the feeds: one may pass another once.
    expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(2);
    expect(mostAtOnce()).toBe(64);
  });

  it('[GW45] passes over a room that cannot be read', async () => {
    const { clock, verifier, reads } = verifying(10, (index) => (index === 0 ? away() : Promise.resolve()));
    verifier.start();
    await clock.advance(61_000);
    verifier.stop();
    expect(new Set(reads).size).toBe(1);
    expect(reads[9]).toBeGreaterThanOrEqual(10);
  });

  it('[GW45] is done for the others while one room hangs, time after time', async () => {
    const hangs = Promise.withResolvers<void>();
    const { clock, verifier, reads } = verifying(10, (index) => (index === 0 ? hangs.promise : Promise.resolve()));
    verifier.start();
    await clock.advance(61_000);
    verifier.stop();
    expect(reads[9]).toBeGreaterThanOrEqual(3);
    hangs.resolve();
    await settle();
  });

  it('[GW45] is made once more where the bus comes back in the middle of it', async () => {
    const first = Promise.withResolvers<void>();
    const { hub, clock, verifier, reads, rechecks } = verifying(2, (index) =>
      index === 0 ? first.promise : Promise.resolve(),
    );
    verifier.start();
    await clock.advance(6100);
    expect(reads).toEqual([1, 1]);
    hub.setAway(true);
    hub.setAway(false);
    await settle();
    expect(reads, 'the one that is being read has to wait').toEqual([1, 2]);
    first.resolve();
    await settle();
    expect(reads).toEqual([2, 2]);
    expect(rechecks()).toBe(2);
    verifier.stop();
  });

  it('[GW45] reads nothing while the bus is away', async () => {
    const { hub, clock, verifier, reads } = verifying(3, away);
    verifier.start();
    hub.setAway(true);
    await clock.advance(30_000);
    expect(reads).toEqual([0, 0, 0]);
    verifier.stop();
  });
});
