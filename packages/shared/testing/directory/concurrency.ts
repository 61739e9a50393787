import { expect, test } from 'vitest';
import type { EventBatch } from '../../src/protocol/room.ts';
import { eventually } from '../eventually.ts';
import { ownerNamed, peerRecord, roomNamed } from '../records.ts';
import { freshRoomName, type Rig } from '../rig.ts';
import { roomy } from './room-under-test.ts';

const lastNumber = (batches: readonly EventBatch[]): number => {
  const last = batches.at(-1);
  return last ? last.seq + last.events.length - 1 : 0;
};

export function concurrencyPromises(rig: () => Rig): void {
  test('[DI19] 200 enter through four processes: numbers without a gap, the same stream for everybody', async () => {
    const room = roomNamed(freshRoomName());
    const members = await Promise.all(Array.from({ length: 4 }, () => rig().open()));
    const streams = await Promise.all(
      members.map(async ({ directory }) => {
        const heard: EventBatch[] = [];
        await directory.subscribe(room, (batch) => heard.push(batch));
        return heard;
      }),
    );
    const positions = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const owner = ownerNamed(`node-${index % 4}`);
        return members[index % 4]!.directory.enter(room, peerRecord(`p${index}`, owner), roomy);
      }),
    );
    const numbers = positions.map(({ seq }) => seq).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect((await members[0]!.directory.snapshot(room))?.peers).toHaveLength(200);
    await eventually('every process to hear the last', () => streams.every((heard) => lastNumber(heard) === 200));
    const kept = await members[0]!.directory.eventsAfter(room, { epoch: positions[0]!.epoch, seq: 0 });
    for (const heard of streams) expect(heard).toEqual(kept);
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  });

  test('[DI20] many give birth to the same room at once: it has one life', async () => {
    await using a = await rig().open();
    await using b = await rig().open();
    for (let round = 0; round < 20; round++) {
      const room = roomNamed(freshRoomName());
      const enter = (index: number) =>
        [a, b][index % 2]!.directory.enter(room, peerRecord(`p${index}`, ownerNamed(`node-${index}`)), roomy);
      const positions = await Promise.all([0, 1, 2, 3].map(enter));
      expect(new Set(positions.map(({ epoch }) => epoch)).size).toBe(1);
      expect(new Set(positions.map(({ seq }) => seq))).toEqual(new Set([1, 2, 3, 4]));
    }
  });
}
