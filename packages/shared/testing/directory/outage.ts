import { expect, test } from 'vitest';
import { eventually, within } from '../eventually.ts';
import { peerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { nodeA, RoomUnderTest, roomy, say } from './room-under-test.ts';

/** A call that waits for Redis takes seconds. One that is refused at once takes as long as a busy machine needs. */
const refusedWithinMs = 1000;

/** Last in the suite: what the directory held may be gone after it. */
export function outagePromises(rig: () => Rig): void {
  test('[DI23] while the directory is away every call is refused at once, and nothing is done later', async () => {
    await using under = await RoomUnderTest.open(rig());
    await using other = await rig().open();
    const { epoch } = await under.enter('p1');
    await rig().outage.begin();
    await eventually('the loss to be noticed', () => !other.bus.connected);
    const { directory } = other;
    const { room } = under;
    const refused: [string, () => Promise<unknown>][] = [
      ['enter', () => directory.enter(room, peerRecord('late', nodeA), roomy)],
      ['take', () => directory.take(room, peerRecord('p1', nodeA), peerRecord('p1', nodeA))],
      ['commit', () => directory.commit(room, nodeA, [say('p1', 'late')])],
      ['release', () => directory.release(room, nodeA)],
      ['fence', () => directory.fence(room, nodeA.node, nodeA.boot)],
      ['snapshot', () => directory.snapshot(room)],
      ['eventsAfter', () => directory.eventsAfter(room, { epoch, seq: 0 })],
      ['touch', () => directory.touch(nodeA, [room])],
    ];
    for (const [what, call] of refused) {
      await expect(within(refusedWithinMs, what, call()), what).rejects.toMatchObject({
        code: 'coordinatorUnavailable',
      });
    }
    await rig().outage.end();
    await eventually('the directory to be back', () => other.bus.connected, { withinMs: 20_000 });
    const after = await directory.snapshot(room);
    if (after) expect(after).toMatchObject({ epoch, seq: 1 });
    await directory.enter(room, peerRecord('p2', nodeA), roomy);
    expect((await directory.snapshot(room))?.peers.map((peer) => peer.peerId)).not.toContain('late');
  }, 60_000);
}
