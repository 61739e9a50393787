import { expect, test } from 'vitest';
import { FencedError } from '../../src/directory/directory.ts';
import type { PeerId } from '../../src/base/ids.ts';
import { ownerNamed, peerRecord } from '../records.ts';
import type { Rig } from '../rig.ts';
import { addProducer, nodeA, nodeB, RoomUnderTest, roomy, say } from './room-under-test.ts';

const lost = (producerId: string, peerId: string) => ({
  type: 'producerClosed',
  producerId,
  peerId,
  kind: 'video',
  reason: 'nodeLost',
});
const left = (peerId: string) => ({ type: 'peerLeft', peerId, reason: 'nodeLost' });

/** Two peers of node A with a producer each, one of node B. */
async function crowd(rig: Rig): Promise<RoomUnderTest> {
  const under = await RoomUnderTest.open(rig);
  await under.enter('a1');
  await under.enter('a2');
  await under.enter('b1', nodeB);
  await under.commit(nodeA, addProducer('x2', peerRecord('a2', nodeA)), addProducer('x1', peerRecord('a1', nodeA)));
  await under.commit(nodeB, addProducer('y', peerRecord('b1', nodeB)));
  return under;
}

export function fencePromises(rig: () => Rig): void {
  test('[DI11] a fenced boot loses its producers, with events, in one change; its peers stay as orphans', async () => {
    await using under = await crowd(rig());
    const { seq } = await under.snapshot();
    expect(await under.directory.fence(under.room, nodeA.node, nodeA.boot)).toBe(true);
    expect(await under.eventsAfter(seq)).toEqual([
      { type: 'sliceFenced', ...nodeA },
      lost('x1', 'a1'),
      lost('x2', 'a2'),
    ]);
    expect(under.heard.at(-1)?.seq).toBe(seq + 1);
    const after = await under.snapshot();
    expect(after.peers.map((peer) => peer.peerId).sort()).toEqual(['a1', 'a2', 'b1']);
    expect(after.producers.map((producer) => producer.producerId)).toEqual(['y']);
  });

  test("[DI11] a fenced boot's writes are refused, and it learns so from touching", async () => {
    await using under = await crowd(rig());
    const { directory, room } = under;
    await directory.fence(room, nodeA.node, nodeA.boot);
    const before = await under.snapshot();
    await expect(under.enter('a3')).rejects.toThrow(FencedError);
    await expect(under.enter('b1')).rejects.toThrow(FencedError);
    await expect(under.commit(nodeA, say('b1', 'ghost'))).rejects.toThrow(FencedError);
    await expect(under.commit(nodeA)).rejects.toThrow(FencedError);
    await expect(under.take('b1', nodeA, peerRecord('b1', nodeB))).rejects.toThrow(FencedError);
    await directory.release(room, nodeA);
    expect(await directory.touch(nodeA, [room])).toEqual({ fenced: [room], missing: [], found: [] });
    expect(await under.snapshot()).toEqual(before);
  });

  test('[DI11] fencing is done once, whoever asks at the same time', async () => {
    await using under = await crowd(rig());
    await using other = await rig().open();
    const { seq } = await under.snapshot();
    const fence = (index: number) => [under, other][index % 2]!.directory.fence(under.room, nodeA.node, nodeA.boot);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => fence(index)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await under.snapshot()).seq).toBe(seq + 3);
  });

  test('[DI12] another node goes on, and so does a new boot of the same one', async () => {
    await using under = await crowd(rig());
    await under.directory.fence(under.room, nodeA.node, nodeA.boot);
    const { seq } = await under.snapshot();
    await under.commit(nodeB, say('b1', 'still here'));
    const again = ownerNamed('node-a', 'second-boot');
    await under.enter('a3', again);
    expect((await under.snapshot()).seq).toBe(seq + 2);
  });

  test('[DI13] a restarted node is not locked out by its dead predecessor, which is fenced in the same change', async () => {
    await using under = await crowd(rig());
    const { seq } = await under.snapshot();
    const next = ownerNamed('node-a', 'second-boot');
    const snapshot = await under.enter('a1', next);
    expect(new Set(snapshot.peers.map((peer) => `${peer.peerId} of ${peer.boot}`))).toEqual(
      new Set(['a1 of second-boot', `a2 of ${nodeA.boot}`, `b1 of ${nodeB.boot}`]),
    );
    expect(await under.eventsAfter(seq)).toEqual([
      { type: 'sliceFenced', ...nodeA },
      lost('x1', 'a1'),
      lost('x2', 'a2'),
      { type: 'peerLeft', peerId: 'a1', reason: 'replaced' },
      { type: 'peerJoined', peer: peerRecord('a1', next, { generation: 2 }) },
    ]);
    expect(under.heard.at(-1)?.seq).toBe(seq + 1);
    await expect(under.commit(nodeA, say('a1', 'ghost'))).rejects.toThrow(FencedError);
    expect(await under.directory.fence(under.room, nodeA.node, nodeA.boot)).toBe(false);
  });

  test('[DI13] the newer boot takes over by any write', async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('a1');
    const [second, third] = [ownerNamed('node-a', 'second-boot'), ownerNamed('node-a', 'third-boot')];
    await under.directory.enter(under.room, peerRecord('a3', second), roomy);
    expect((await under.snapshot()).peers.map((peer) => peer.peerId).sort()).toEqual(['a1', 'a3']);
    await under.enter('b1', nodeB);
    const { seq } = await under.snapshot();
    await under.directory.touch(third, [under.room]);
    expect(await under.eventsAfter(seq)).toEqual([{ type: 'sliceFenced', ...second }]);
    await expect(under.commit(second)).rejects.toThrow(FencedError);
  });

  test('[DI14] a slice is given up with the producers that are still in it; its boot may come back', async () => {
    await using under = await crowd(rig());
    const { seq } = await under.snapshot();
    await under.directory.release(under.room, nodeA);
    expect(await under.eventsAfter(seq)).toEqual([lost('x1', 'a1'), lost('x2', 'a2')]);
    await under.directory.release(under.room, nodeA);
    await under.directory.release(under.room, ownerNamed('node-b', 'another-boot'));
    expect((await under.snapshot()).seq).toBe(seq + 2);
    await under.directory.enter(under.room, peerRecord('a3', nodeA), roomy);
    expect((await under.snapshot()).seq).toBe(seq + 3);
  });

  test("[DI11] fencing a boot leaves a moved peer's producers on its old node to their owner", async () => {
    await using under = await RoomUnderTest.open(rig());
    await under.enter('p1', nodeA);
    await under.commit(nodeA, addProducer('old', peerRecord('p1', nodeA)));
    await under.take('p1', nodeB);
    await under.enter('keeps', nodeA);
    const { seq } = await under.snapshot();
    await under.directory.fence(under.room, nodeB.node, nodeB.boot);
    expect(await under.eventsAfter(seq)).toEqual([{ type: 'sliceFenced', ...nodeB }]);
  });

  test('[DI26] an orphan is taken over without leaving, or reaped once, with all its producers', async () => {
    await using under = await crowd(rig());
    const { directory, room } = under;
    await directory.fence(room, nodeA.node, nodeA.boot);
    await under.take('a1', nodeB);
    const { seq } = await under.snapshot();
    const reap = (peerId: string) => directory.reap(room, peerId as PeerId, nodeA, 'nodeLost');
    expect(await Promise.all([reap('a1'), reap('a2'), reap('a2'), reap('nobody')])).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(await under.eventsAfter(seq)).toEqual([left('a2')]);
  });
}
