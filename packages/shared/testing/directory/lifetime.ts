import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { peerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, peerId, RoomUnderTest, remove, roomy, say } from './room-under-test.ts';

const gone = (under: RoomUnderTest) => async () => !(await under.directory.snapshot(under.room));

export function lifetimePromises(rig: () => Rig): void {
  test('[DI17] an empty room keeps its life for a while, so that a reload finds it', async () => {
    await using under = await RoomUnderTest.open(rig(), { emptyRoomMs: 60_000 });
    const { epoch } = await under.enter('p1');
    await under.commit(nodeA, remove('p1'));
    expect(await under.snapshot()).toMatchObject({ epoch, seq: 2, peers: [] });
    expect(await under.enter('p1')).toMatchObject({ epoch, seq: 3 });
  });

  test('[DI17] after that its next life has a greater epoch, no events and no memory of fences', async () => {
    await using under = await RoomUnderTest.open(rig(), { emptyRoomMs: 30 });
    const { epoch } = await under.enter('p1');
    await under.directory.fence(under.room, nodeA.node, nodeA.boot);
    await under.directory.reap(under.room, peerId('p1'), nodeA, 'nodeLost');
    await eventually('the room to go', gone(under));
    expect(await under.directory.eventsAfter(under.room, { epoch, seq: 0 })).toBeUndefined();
    const next = await under.enter('p1', nodeA);
    expect(next).toMatchObject({ seq: 1, producers: [] });
    expect(next.epoch).toBeGreaterThan(epoch);
  });

  test('[DI17] an empty room lives on when somebody enters again', async () => {
    await using under = await RoomUnderTest.open(rig(), { emptyRoomMs: 1500, roomTtlMs: 60_000 });
    await using watch = await RoomUnderTest.open(rig(), { emptyRoomMs: 1500 });
    const { epoch } = await under.enter('p1');
    await under.commit(nodeA, remove('p1'));
    await under.enter('p2', nodeB);
    // A room of the same sort that nobody entered again tells when the time is over.
    await watch.enter('p1');
    await watch.commit(nodeA, remove('p1'));
    await eventually('the other room to go', gone(watch), { withinMs: 20_000 });
    expect(await under.snapshot()).toMatchObject({ epoch, peers: [{ peerId: 'p2' }] });
  });

  test('[DI18] a room that nobody touches goes; one that is touched stays', async () => {
    // Far longer than a busy machine holds a test up between two touches.
    const limits = { roomTtlMs: 2000 };
    await using kept = await RoomUnderTest.open(rig(), limits);
    await using left = await RoomUnderTest.open(rig(), limits);
    const { epoch } = await kept.enter('p1');
    await left.enter('p1');
    await eventually(
      'the untouched room to go',
      async () => {
        await kept.directory.touch(nodeA, [kept.room]);
        return gone(left)();
      },
      { withinMs: 20_000 },
    );
    expect(await kept.snapshot()).toMatchObject({ epoch, seq: 1 });
    expect(await kept.directory.touch(nodeA, [kept.room, left.room])).toEqual({
      fenced: [],
      missing: [left.room],
      found: [{ room: kept.room, epoch, seq: 1, peers: 1, producers: 0 }],
    });
  });

  test('[DI18] an empty room goes, touched or not', async () => {
    await using under = await RoomUnderTest.open(rig(), { emptyRoomMs: 50 });
    await under.enter('p1');
    await under.commit(nodeA, remove('p1'));
    await eventually('the room to go', async () => {
      await under.directory.touch(nodeA, [under.room]);
      return gone(under)();
    });
  });

  test('[DI18] many rooms are touched at once', async () => {
    await using under = await RoomUnderTest.open(rig());
    const rooms = Array.from({ length: 150 }, (_, index) => `${under.room}-${index}` as typeof under.room);
    for (const room of rooms.slice(0, 100)) await under.directory.enter(room, peerRecord('p1', nodeA), roomy);
    const touched = await under.directory.touch(nodeA, rooms);
    expect(touched.fenced).toEqual([]);
    expect(new Set(touched.missing)).toEqual(new Set(rooms.slice(100)));
    expect(new Set(touched.found.map(({ room }) => room))).toEqual(new Set(rooms.slice(0, 100)));
  });

  test('[DI21] an owner puts back what was lost, in a life that comes after the one it knew', async () => {
    await using under = await RoomUnderTest.open(rig());
    const known = { atLeastEpoch: 2 ** 44 };
    const peer = peerRecord('p1', nodeA);
    const restore = [{ type: 'restorePeer', peer } as const, addProducer('x', peer)];
    const position = await under.directory.commit(under.room, nodeA, restore, known);
    expect(position.seq).toBe(2);
    expect(position.epoch).toBeGreaterThan(known.atLeastEpoch);
    expect(await under.directory.commit(under.room, nodeA, restore, known)).toEqual(position);
    const other = await under.directory.enter(under.room, peerRecord('p2', nodeB), { ...roomy, atLeastEpoch: 2 ** 45 });
    expect(other).toMatchObject({ epoch: position.epoch, seq: 3 });
    expect((await under.eventsAfter(0)).map((event) => event.type)).toEqual([
      'peerJoined',
      'producerAdded',
      'peerJoined',
    ]);
    await under.commit(nodeA, say('p1', 'as before'));
  });

  test('[DI21] whoever enters first says what it knew, too', async () => {
    await using under = await RoomUnderTest.open(rig());
    const limits = { ...roomy, atLeastEpoch: 2 ** 44 };
    const { epoch } = await under.directory.enter(under.room, peerRecord('p1', nodeA), limits);
    expect(epoch).toBeGreaterThan(limits.atLeastEpoch);
  });
}
