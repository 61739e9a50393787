import { expect, test } from 'vitest';
import type { SessionId } from '../../src/base/ids.ts';
import type { Change, Outcome } from '../../src/directory/directory.ts';
import { RoomView } from '../../src/directory/feed/room-view.ts';
import type { Owner, RoomEvent, RoomSnapshot } from '../../src/protocol/room.ts';
import { peerRecord, producerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, peerId, producerId, RoomUnderTest, remove, say } from './room-under-test.ts';

const p1 = peerRecord('p1', nodeA);

/** What a reader that only heard the events makes of the room. */
function viewOf(events: readonly RoomEvent[]): Pick<RoomSnapshot, 'peers' | 'producers'> {
  const view = new RoomView();
  for (const event of events) view.apply(event);
  return { peers: [...view.peers.values()], producers: [...view.producers.values()] };
}

function inOrder({ peers, producers }: Pick<RoomSnapshot, 'peers' | 'producers'>) {
  const by = (key: (record: never) => string) => (a: object, b: object) => (key(a as never) < key(b as never) ? -1 : 1);
  return {
    peers: peers.toSorted(by((peer: { peerId: string }) => peer.peerId)),
    producers: producers.toSorted(by((producer: { producerId: string }) => producer.producerId)),
  };
}

export function changePromises(rig: () => Rig): void {
  test('[DI2] [DI3] each change publishes its events, numbered without a gap; a commit is one batch', async () => {
    await using under = await RoomUnderTest.open(rig());
    const { epoch } = await under.enter('p1');
    const renamed = { ...p1, name: 'Grace' };
    const x = producerRecord('x', p1, { kind: 'audio', source: 'microphone' });
    const position = await under.commit(
      nodeA,
      { type: 'addProducer', producer: x },
      { type: 'setProducerPaused', producerId: x.producerId, paused: true },
      { type: 'setProducerPaused', producerId: x.producerId, paused: false },
      { type: 'updatePeer', peer: renamed },
      { ...say('p1', { text: 'hi' }), to: [peerId('p2')] } as Change,
      { type: 'removeProducer', producerId: x.producerId, reason: 'transportClosed' },
    );
    expect(position).toEqual({ epoch, seq: 7, outcomes: Array.from({ length: 6 }, () => 'done') });
    const who = { producerId: 'x', peerId: 'p1' };
    expect(await under.eventsAfter(1)).toEqual([
      { type: 'producerAdded', producer: x },
      { type: 'producerPaused', ...who },
      { type: 'producerResumed', ...who },
      { type: 'peerUpdated', peer: renamed },
      { type: 'message', from: 'p1', payload: { text: 'hi' }, to: ['p2'] },
      { type: 'producerClosed', ...who, kind: 'audio', reason: 'transportClosed' },
    ]);
    expect(under.heard.map(({ epoch: e, seq }) => [e, seq])).toEqual([
      [epoch, 1],
      [epoch, 2],
    ]);
  });

  test('[DI29] what a fail-over has lost is not numbered twice: counting goes on from what the writer has heard', async () => {
    await using under = await RoomUnderTest.open(rig());
    const { epoch, seq } = await under.enter('p1');
    const another = await under.directory.commit(under.room, nodeA, [say('p1', 'one')], {
      heard: { epoch: epoch - 1, seq: 90 },
    });
    expect(another).toMatchObject({ epoch, seq: seq + 1 });
    const next = await under.directory.commit(under.room, nodeA, [say('p1', 'two')], { heard: { epoch, seq: 50 } });
    expect(next).toMatchObject({ epoch, seq: 51 });
    expect(await under.directory.eventsAfter(under.room, { epoch, seq: 50 })).toMatchObject([{ seq: 51 }]);
    // Who has not heard what was lost takes a picture.
    expect(await under.directory.eventsAfter(under.room, { epoch, seq: seq + 1 })).toBeUndefined();
    const entered = await under.directory.enter(under.room, peerRecord('p2', nodeB), {
      maxPeers: 10,
      heard: { epoch, seq: 80 },
    });
    expect(entered.seq).toBe(81);
  });

  test('[DI4] the events of a room lead to its snapshot', async () => {
    await using under = await RoomUnderTest.open(rig());
    const p2 = peerRecord('p2', nodeB);
    await under.enter('p1');
    await under.enter('p2', nodeB);
    await under.commit(nodeA, addProducer('x', p1), addProducer('y', p1));
    await under.commit(nodeB, addProducer('z', p2), { type: 'updatePeer', peer: { ...p2, metadata: { seat: 4 } } });
    await under.commit(nodeA, { type: 'setProducerPaused', producerId: producerId('x'), paused: true });
    await under.commit(nodeA, { type: 'removeProducer', producerId: producerId('y') });
    expect(inOrder(viewOf(await under.eventsAfter(0)))).toEqual(inOrder(await under.snapshot()));
  });

  test("[DI7] [DI31] what is gone, or another's, or already so, is skipped without an event, and the outcome says so", async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.enter('p2', nodeB);
    await under.commit(nodeA, addProducer('x', p1));
    const before = await under.snapshot();
    const [x, none] = [producerId('x'), producerId('none')];
    const skipped: [string, Owner, Change, Outcome][] = [
      ['a producer that is gone', nodeA, { type: 'removeProducer', producerId: none }, 'missing'],
      [
        'a producer that is gone, paused',
        nodeA,
        { type: 'setProducerPaused', producerId: none, paused: true },
        'missing',
      ],
      ["another's producer", nodeB, { type: 'removeProducer', producerId: x }, 'other'],
      ["another's producer paused", nodeB, { type: 'setProducerPaused', producerId: x, paused: true }, 'other'],
      ['a producer that is not paused', nodeA, { type: 'setProducerPaused', producerId: x, paused: false }, 'done'],
      ['a producer that is there', nodeA, addProducer('x', p1), 'done'],
      ["another's producer that is there", nodeB, addProducer('x', peerRecord('p2', nodeB)), 'other'],
      ['a producer of nobody', nodeA, addProducer('y', peerRecord('none', nodeA)), 'missing'],
      [
        "a producer of another's peer, restored",
        nodeB,
        { ...addProducer('y', p1), type: 'restoreProducer' } as Change,
        'other',
      ],
      ["another's peer", nodeB, { type: 'updatePeer', peer: peerRecord('p1', nodeB, { name: 'no' }) }, 'other'],
      ['a peer of another token', nodeA, { type: 'updatePeer', peer: { ...p1, resumeHash: 'another' } }, 'other'],
      ['a peer that is gone', nodeA, { type: 'updatePeer', peer: peerRecord('none', nodeA) }, 'missing'],
      ['a peer as it is', nodeA, { type: 'updatePeer', peer: p1 }, 'done'],
      ["another's peer removed", nodeA, remove('p2'), 'other'],
      ['a peer of another token removed', nodeA, { ...remove('p1'), resumeHash: 'another' } as Change, 'other'],
      ['a peer that is gone removed', nodeA, remove('none'), 'missing'],
      ['a message of a peer that is gone', nodeA, say('none', 'boo'), 'missing'],
      ['a peer that is there, restored', nodeA, { type: 'restorePeer', peer: p1 }, 'done'],
    ];
    for (const [what, owner, change, outcome] of skipped) {
      const { epoch, seq } = before;
      expect(await under.commit(owner, change), what).toEqual({ epoch, seq, outcomes: [outcome] });
    }
    expect(inOrder(await under.snapshot())).toEqual(inOrder(before));
  });

  test('[DI27] a peer is not taken over in the name of a session that is over, or from the wrong owner', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    const before = await under.snapshot();
    const wrong = [
      under.take('p1', nodeB, { ...p1, sessionId: 's_before' as SessionId }),
      under.take('p1', nodeB, { ...p1, ...nodeB }),
      under.take('none', nodeB),
    ];
    for (const taking of wrong) await expect(taking).rejects.toMatchObject({ code: 'peerNotFound' });
    expect(await under.snapshot()).toEqual(before);
  });

  test('[DI8] a peer is removed after the producers that its owner lists', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    await under.enter('p2');
    await under.commit(nodeA, addProducer('x', p1), addProducer('y', p1), addProducer('z', peerRecord('p2', nodeA)));
    const { seq } = await under.snapshot();
    await under.commit(nodeA, remove('p1', 'disconnected', ['y', 'none', 'x', 'z']));
    const closed = { type: 'producerClosed', peerId: 'p1', kind: 'video', reason: 'disconnected' };
    expect(await under.eventsAfter(seq)).toEqual([
      { ...closed, producerId: 'y' },
      { ...closed, producerId: 'x' },
      { type: 'peerLeft', peerId: 'p1', reason: 'disconnected' },
    ]);
    expect((await under.snapshot()).producers.map((producer) => producer.producerId)).toEqual(['z']);
  });

  test('[DI8] an old owner that removes a peer which has moved takes only its own producers', async () => {
    await using under = await RoomUnderTest.open(rig());
    const moved = peerRecord('p1', nodeB, { generation: 2 });
    await under.enter('p1');
    await under.commit(nodeA, addProducer('old', p1));
    await under.take('p1', nodeB);
    await under.commit(nodeB, addProducer('new', moved));
    const { seq } = await under.snapshot();
    await under.commit(nodeA, remove('p1', 'left', ['old', 'new']));
    expect(await under.eventsAfter(seq)).toEqual([
      { type: 'producerClosed', producerId: 'old', peerId: 'p1', kind: 'video', reason: 'left' },
    ]);
    expect(await under.snapshot()).toMatchObject({ peers: [moved], producers: [{ producerId: 'new' }] });
  });

  test('[DI9] a message from a peer that has left is skipped', async () => {
    await using under = await RoomUnderTest.open(rig());
    const { epoch } = await under.enter('p1');
    expect(await under.commit(nodeA, say('nobody', 'boo'))).toMatchObject({ epoch, seq: 1 });
    expect(await under.commit(nodeA, say('p1', 'hi'))).toMatchObject({ epoch, seq: 2 });
  });

  test('[DI10] what a client wrote comes back as it was', async () => {
    await using under = await RoomUnderTest.open(rig());
    const nested = JSON.parse('['.repeat(1500) + ']'.repeat(1500));
    const payload = { list: [], map: {}, big: 2 ** 53, small: 1e-7, none: null, text: '"\\\n\u2028\ud800 🎥', nested };
    const peer = peerRecord('p1', nodeA, { name: 'a\n"b"\\', metadata: payload });
    await under.directory.enter(under.room, peer, { maxPeers: 10 });
    await under.commit(nodeA, say('p1', payload), { type: 'addProducer', producer: producerRecord('x"\n', peer) });
    expect((await under.snapshot()).peers).toEqual([peer]);
    const { seq } = await under.snapshot();
    expect((await under.eventsAfter(0))[1]).toEqual({ type: 'message', from: 'p1', payload });
    await under.directory.fence(under.room, nodeA.node, nodeA.boot);
    const closed = (await under.eventsAfter(seq)).find((event) => event.type === 'producerClosed');
    expect(closed).toMatchObject({ producerId: 'x"\n', peerId: 'p1' });
  });

  test('[DI21] a move changes the owner of a peer, and nobody sees it leave; said twice, it is done once', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1');
    const moved = peerRecord('p1', nodeB, { generation: 2 });
    const taken = await under.take('p1', nodeB);
    expect(taken).toMatchObject({ seq: 2, generation: 2 });
    expect(await under.take('p1', nodeB)).toEqual(taken);
    expect(await under.eventsAfter(1)).toEqual([{ type: 'peerUpdated', peer: moved }]);
    await under.directory.fence(under.room, nodeA.node, nodeA.boot);
    expect((await under.snapshot()).peers).toEqual([moved]);
  });
}
