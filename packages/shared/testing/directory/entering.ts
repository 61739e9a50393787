import { expect, test } from 'vitest';
import { peerRecord, producerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, producerId, RoomUnderTest } from './room-under-test.ts';

export function enterPromises(rig: () => Rig): void {
  test('[DI1] the first to enter gives birth to the room and is told of itself', async () => {
    await using under = await RoomUnderTest.open(rig());
    expect(await under.directory.snapshot(under.room)).toBeUndefined();
    const peer = peerRecord('p1', nodeA, { name: 'Ada', metadata: { tags: [], n: 1 } });
    const snapshot = await under.directory.enter(under.room, peer, { maxPeers: 1 });
    expect(snapshot).toEqual({ room: under.room, epoch: snapshot.epoch, seq: 1, peers: [peer], producers: [] });
    expect(snapshot.epoch).toBeGreaterThan(0);
    expect(await under.eventsAfter(0)).toEqual([{ type: 'peerJoined', peer }]);
  });

  test('[DI1] a later one is told of those before it', async () => {
    await using under = await RoomUnderTest.open(rig());
    const { epoch } = await under.enter('p1');
    await under.commit(nodeA, addProducer('x1', peerRecord('p1', nodeA)));
    const snapshot = await under.enter('p2', nodeB);
    expect(snapshot).toMatchObject({ epoch, seq: 3 });
    expect(snapshot.peers.map((peer) => peer.peerId).sort()).toEqual(['p1', 'p2']);
    expect(snapshot.producers).toEqual([producerRecord('x1', peerRecord('p1', nodeA))]);
    expect(await under.snapshot()).toEqual(snapshot);
  });

  test('[DI5] a peer that is there already is replaced, producers and all, in one change', async () => {
    await using under = await RoomUnderTest.open(rig());
    const old = peerRecord('p1', nodeA);
    await under.enter('p1');
    await under.enter('p2');
    await under.commit(
      nodeA,
      addProducer('x2', old),
      addProducer('x1', old),
      addProducer('y', peerRecord('p2', nodeA)),
    );
    const { seq } = await under.snapshot();
    const snapshot = await under.enter('p1', nodeB);
    expect(snapshot.seq).toBe(seq + 4);
    expect(snapshot.producers.map((producer) => producer.producerId)).toEqual(['y']);
    const closed = { type: 'producerClosed', peerId: 'p1', kind: 'video', reason: 'replaced' };
    expect(await under.eventsAfter(seq)).toEqual([
      { ...closed, producerId: 'x1' },
      { ...closed, producerId: 'x2' },
      { type: 'peerLeft', peerId: 'p1', reason: 'replaced' },
      { type: 'peerJoined', peer: peerRecord('p1', nodeB) },
    ]);
    expect(under.heard.at(-1)).toMatchObject({ seq: seq + 1 });
  });

  test('[DI5] the one that was replaced cannot change or remove its successor', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1', nodeA);
    const after = await under.enter('p1', nodeB);
    const position = await under.commit(
      nodeA,
      { type: 'updatePeer', peer: peerRecord('p1', nodeA, { name: 'ghost' }) },
      { type: 'removePeer', peerId: after.peers[0]!.peerId, reason: 'left', producerIds: [producerId('x')] },
    );
    expect(position).toEqual({ epoch: after.epoch, seq: after.seq });
    expect((await under.snapshot()).peers).toEqual([peerRecord('p1', nodeB)]);
  });

  test('[DI6] a full room refuses one more, and nothing happens; the limit counts the others', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.enter('p2');
    const full = under.directory.enter(under.room, peerRecord('p3', nodeB), { maxPeers: 2 });
    await expect(full).rejects.toMatchObject({ code: 'roomFull' });
    expect(await under.snapshot()).toMatchObject({ seq: 2 });
    const again = await under.directory.enter(under.room, peerRecord('p2', nodeB), { maxPeers: 2 });
    expect(again.peers).toHaveLength(2);
  });
}
