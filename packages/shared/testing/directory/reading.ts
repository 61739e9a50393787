import { expect, test } from 'vitest';
import type { EventBatch } from '../../src/protocol/room.ts';
import { peerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, RoomUnderTest, say } from './room-under-test.ts';

const numbers = (batches: readonly EventBatch[]): number[] =>
  batches.flatMap(({ seq, events }) => events.map((_, index) => seq + index));

export function readPromises(rig: () => Rig): void {
  test('[DI15] a reader gets what came after any number, from the middle of a batch too', async () => {
    await using under = await RoomUnderTest.open(rig());
    const { epoch } = await under.enter('p1');
    await under.commit(nodeA, say('p1', 2), say('p1', 3), say('p1', 4), say('p1', 5));
    await under.commit(nodeA, say('p1', 6));
    const all = await under.eventsAfter(0);
    for (let seq = 0; seq <= 6; seq++) {
      const batches = (await under.directory.eventsAfter(under.room, { epoch, seq })) ?? [];
      expect(numbers(batches)).toEqual(Array.from({ length: 6 - seq }, (_, index) => seq + 1 + index));
      expect(batches.flatMap(({ events }) => events)).toEqual(all.slice(seq));
      expect(batches.every((batch) => batch.epoch === epoch)).toBe(true);
    }
  });

  test('[DI16] too far behind, of another life, ahead of the room, or of no room: take a snapshot', async () => {
    await using under = await RoomUnderTest.open(rig(), { keptEvents: 3 });
    const { directory, room } = under;
    expect(await directory.eventsAfter(room, { epoch: 1, seq: 0 })).toBeUndefined();
    const { epoch } = await under.enter('p1');
    for (let text = 2; text <= 8; text++) await under.commit(nodeA, say('p1', text));
    expect(await directory.eventsAfter(room, { epoch, seq: 4 })).toBeUndefined();
    expect(numbers((await directory.eventsAfter(room, { epoch, seq: 5 })) ?? [])).toEqual([6, 7, 8]);
    expect(await directory.eventsAfter(room, { epoch, seq: 8 })).toEqual([]);
    expect(await directory.eventsAfter(room, { epoch, seq: 9 })).toBeUndefined();
    expect(await directory.eventsAfter(room, { epoch: epoch - 1, seq: 5 })).toBeUndefined();
    expect(await directory.eventsAfter(room, { epoch: epoch + 1, seq: 5 })).toBeUndefined();
  });

  test('[DI33] a reader that missed more bytes than are kept takes a snapshot, however few batches they are', async () => {
    await using under = await RoomUnderTest.open(rig(), { keptBytes: 10_000 });
    const { directory, room } = under;
    const { epoch } = await under.enter('p1');
    const long = 'x'.repeat(900);
    for (let text = 2; text <= 21; text++) await under.commit(nodeA, say('p1', long));
    expect(await directory.eventsAfter(room, { epoch, seq: 8 })).toBeUndefined();
    expect(numbers((await directory.eventsAfter(room, { epoch, seq: 11 })) ?? [])).toEqual(
      Array.from({ length: 10 }, (_, index) => 12 + index),
    );
    expect(await directory.eventsAfter(room, { epoch, seq: 21 })).toEqual([]);
  });

  test('[DI3] a listener in another process hears what the stream keeps, until it unsubscribes', async () => {
    await using under = await RoomUnderTest.open(rig());
    await using other = await rig().open();
    const heard: EventBatch[] = [];
    const subscription = await other.directory.subscribe(under.room, (batch) => heard.push(batch));
    const { epoch } = await under.enter('p1');
    await under.commit(nodeA, addProducer('x', peerRecord('p1', nodeA)), say('p1', 'hi'));
    await under.enter('p2', nodeB);
    await under.eventsAfter(0);
    await subscription.unsubscribe();
    await under.commit(nodeA, say('p1', 'unheard'));
    const kept = await under.directory.eventsAfter(under.room, { epoch, seq: 0 });
    expect(heard).toEqual(kept?.slice(0, -1));
  });

  test('[DI1] committing to a room that is not there does nothing', async () => {
    await using under = await RoomUnderTest.open(rig());
    const nowhere = { epoch: 0, seq: 0, outcomes: ['missing', 'missing'] };
    expect(await under.commit(nodeA, say('p1', 'hi'), addProducer('x', peerRecord('p1', nodeA)))).toEqual(nowhere);
    await under.directory.release(under.room, nodeA);
    expect(await under.directory.fence(under.room, nodeA.node, nodeA.boot)).toBe(false);
    expect(await under.directory.snapshot(under.room)).toBeUndefined();
  });
}
