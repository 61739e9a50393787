import { expect, test } from 'vitest';
import type { Change } from '../../src/directory/directory.ts';
import { peerRecord, producerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, RoomUnderTest, remove } from './room-under-test.ts';

const restore = (...[id, owner, more]: Parameters<typeof peerRecord>): Change => ({
  type: 'restorePeer',
  peer: peerRecord(id, owner, more),
});

/** What owners write again after a loss, whatever the directory has by then. */
export function restorePromises(rig: () => Rig): void {
  test("[DI32] a peer that has moved is its new owner's, though its old one wrote it first", async () => {
    await using under = await RoomUnderTest.open(rig());
    // An empty directory: the owner of before the move is the first to write.
    expect(await under.outcomes(nodeA, restore('p1', nodeA), addProducer('old', peerRecord('p1', nodeA)))).toEqual([
      'done',
      'done',
    ]);
    const { seq } = await under.snapshot();
    const moved = peerRecord('p1', nodeB, { generation: 2 });
    expect(await under.outcomes(nodeB, restore('p1', nodeB, { generation: 2 }))).toEqual(['done']);
    expect(await under.eventsAfter(seq)).toEqual([{ type: 'peerUpdated', peer: moved }]);
    const late = [
      restore('p1', nodeA),
      { type: 'updatePeer', peer: peerRecord('p1', nodeA, { name: 'ghost' }) } as const,
    ];
    expect(await under.outcomes(nodeA, ...late, remove('p1'))).toEqual(['other', 'other', 'other']);
    expect((await under.snapshot()).peers).toEqual([moved]);
  });

  test('[DI32] a fail-over that lost a move is made good by the new owner, and then by no other', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    // Node B took the peer, and the directory has forgotten that.
    await under.commit(nodeB, restore('p1', nodeB, { generation: 2 }), addProducer('x', peerRecord('p1', nodeB)));
    expect(await under.snapshot()).toMatchObject({
      peers: [{ ...nodeB, generation: 2 }],
      producers: [{ producerId: 'x' }],
    });
    expect(await under.outcomes(nodeA, remove('p1', 'left', ['x']))).toEqual(['other']);
    expect(await under.take('p1', nodeA, peerRecord('p1', nodeB))).toMatchObject({ generation: 3 });
  });

  test('[DI32] within a generation the owner is right: what it says differently is written', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    const { seq } = await under.snapshot();
    const renamed = { name: 'Grace', gateway: 'sluice:gateway:gw-2:boot' };
    expect(await under.outcomes(nodeA, restore('p1', nodeA, renamed))).toEqual(['done']);
    expect(await under.eventsAfter(seq)).toEqual([{ type: 'peerUpdated', peer: peerRecord('p1', nodeA, renamed) }]);
    expect(await under.outcomes(nodeA, restore('p1', nodeA, renamed))).toEqual(['done']);
    expect(await under.outcomes(nodeB, restore('p1', nodeB))).toEqual(['other']);
    expect((await under.snapshot()).seq).toBe(seq + 1);
  });

  test('[DI32] one that was replaced is replaced again, producers and all', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.commit(nodeA, addProducer('old', peerRecord('p1', nodeA)));
    const { seq } = await under.snapshot();
    const next = { generation: 2, resumeHash: 'hash-of-the-next' };
    await under.commit(nodeB, restore('p1', nodeB, next));
    expect(await under.eventsAfter(seq)).toEqual([
      { type: 'producerClosed', producerId: 'old', peerId: 'p1', kind: 'video', reason: 'replaced' },
      { type: 'peerLeft', peerId: 'p1', reason: 'replaced' },
      { type: 'peerJoined', peer: peerRecord('p1', nodeB, next) },
    ]);
    expect(await under.outcomes(nodeA, restore('p1', nodeA))).toEqual(['other']);
  });

  test('[DI32] a producer is put back for a peer of its own node only', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.enter('p2', nodeB);
    const back = (peer: string): Change => ({
      type: 'restoreProducer',
      producer: producerRecord(`of-${peer}`, { ...peerRecord(peer, nodeA), ...nodeA }),
    });
    expect(await under.outcomes(nodeA, back('p1'), back('p1'), back('p2'), back('none'))).toEqual([
      'done',
      'done',
      'other',
      'missing',
    ]);
    expect((await under.snapshot()).producers.map(({ producerId }) => producerId)).toEqual(['of-p1']);
  });
}
