import { expect, test } from 'vitest';
import { peerRecord, producerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, RoomUnderTest, remove, roomy } from './room-under-test.ts';

export function enterPromises(rig: () => Rig): void {
  test('[DI1] the first to enter gives birth to the room and is told of itself', async () => {
    await using under = await RoomUnderTest.open(rig());
    expect(await under.directory.snapshot(under.room)).toBeUndefined();
    const peer = peerRecord('p1', nodeA, { name: 'Ada', metadata: { tags: [], n: 1 } });
    const { epoch, seq, generation } = await under.directory.enter(under.room, peer, { maxPeers: 1 });
    expect({ seq, generation }).toEqual({ seq: 1, generation: 1 });
    expect(epoch).toBeGreaterThan(0);
    expect(await under.snapshot()).toEqual({ room: under.room, epoch, seq: 1, peers: [peer], producers: [] });
    expect(await under.eventsAfter(0)).toEqual([{ type: 'peerJoined', peer }]);
  });

  test('[DI1] a later one finds those before it', async () => {
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
      { type: 'peerJoined', peer: peerRecord('p1', nodeB, { generation: 2 }) },
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
      remove('p1', 'left', ['x']),
    );
    expect(position).toEqual({ epoch: after.epoch, seq: after.seq, outcomes: ['other', 'other'] });
    expect((await under.snapshot()).peers).toEqual([peerRecord('p1', nodeB, { generation: 2 })]);
  });

  test('[DI6] a full room refuses one more, and nothing happens; the limit counts the others', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.enter('p2');
    const full = under.directory.enter(under.room, peerRecord('p3', nodeB), { maxPeers: 2 });
    await expect(full).rejects.toMatchObject({ code: 'roomFull' });
    expect(await under.snapshot()).toMatchObject({ seq: 2 });
    await under.directory.enter(under.room, peerRecord('p2', nodeB), { maxPeers: 2 });
    expect((await under.snapshot()).peers).toHaveLength(2);
  });

  test('[DI30] an id that is in the room is entered again only by the one that shows its token', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.commit(nodeA, addProducer('x', peerRecord('p1', nodeA)));
    const before = await under.snapshot();
    const { directory, room } = under;
    const stranger = peerRecord('p1', nodeB, { resumeHash: 'hash-of-another', name: 'Mallory' });
    for (const shown of [undefined, '', 'hash-of-another', 'hash-of-p2']) {
      const refused = directory.enter(room, stranger, { ...roomy, shown });
      await expect(refused, String(shown)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await under.snapshot()).toEqual(before);
    const own = await directory.enter(room, stranger, { ...roomy, shown: 'hash-of-p1' });
    expect(own).toMatchObject({ generation: 2, seq: before.seq + 3 });
    expect((await under.snapshot()).peers).toEqual([{ ...stranger, generation: 2 }]);
  });

  test('[DI30] a refused one fences nobody, also where the room is full and its owner lost', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    const stranger = peerRecord('p1', { ...nodeA, boot: 'another' as typeof nodeA.boot }, { resumeHash: 'no' });
    await expect(under.directory.enter(under.room, stranger, { maxPeers: 1 })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await under.snapshot()).toMatchObject({ seq: 1 });
    await under.directory.fence(under.room, nodeA.node, nodeA.boot);
    await expect(under.directory.enter(under.room, stranger, roomy)).rejects.toMatchObject({ code: 'forbidden' });
    await under.directory.reap(under.room, stranger.peerId, nodeA, 'nodeLost');
    expect(await under.directory.enter(under.room, stranger, roomy)).toMatchObject({ generation: 1 });
  });

  test('[DI30] of many that join under one id in the same instant, one wins', async () => {
    await using under = await RoomUnderTest.open(rig());
    await using other = await rig().open();
    const entering = Array.from({ length: 10 }, (_, index) => {
      const { directory } = index % 2 ? under : other;
      const peer = peerRecord('p1', index % 2 ? nodeA : nodeB, { resumeHash: `hash-${index}` });
      return directory.enter(under.room, peer, roomy);
    });
    const results = await Promise.allSettled(entering);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(9);
    expect((await under.snapshot()).peers).toMatchObject([{ resumeHash: `hash-${winner}`, generation: 1 }]);
    expect(await under.snapshot()).toMatchObject({ seq: 1 });
  });
}
