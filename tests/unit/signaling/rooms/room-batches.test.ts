import { settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { FakeSocket } from '../support/fake-socket.ts';
import { demo, type JoinedSocket, World } from '../support/world.ts';

const seqsOf = (socket: FakeSocket) => socket.of('message').map(({ seq }) => seq as number);

async function crowd(count: number): Promise<{ world: World; peers: JoinedSocket[] }> {
  const world = await World.create();
  const peers: JoinedSocket[] = [];
  for (let index = 0; index < count; index += 50) {
    const joining = Array.from({ length: Math.min(50, count - index) }, () => world.gateway.join());
    peers.push(...(await Promise.all(joining)));
  }
  return { world, peers };
}

/** Everything that happens in the room within one change, and so in one batch. */
function happen({ node }: World, from: JoinedSocket, payloads: number[], to?: string[]) {
  const owner = { node: node.id, boot: node.boot };
  const changes = payloads.map((payload) => {
    return { type: 'message' as const, from: from.joined.peerId as never, payload, ...(to && { to: to as never[] }) };
  });
  return node.directory.commit(demo, owner, changes);
}

const count = (length: number) => Array.from({ length }, (_, index) => index);

test('[GW42] events of one change reach each member in one write', async () => {
  const { world, peers } = await crowd(3);
  await using _ = world;
  const [ann] = peers as [JoinedSocket, ...JoinedSocket[]];
  for (const peer of peers) peer.writes.length = 0;
  await happen(world, ann, count(100));
  await eventually(() => peers.every((peer) => peer.of('message').length === 100));
  expect(peers.map(({ writes }) => writes)).toEqual(peers.map(() => [100]));
  const [first] = peers as [JoinedSocket, ...JoinedSocket[]];
  for (const peer of peers) expect(seqsOf(peer)).toEqual(seqsOf(first));
});

test('[GW42] in a batch, too, a message goes to those alone that it names', async () => {
  const { world, peers } = await crowd(3);
  await using _ = world;
  const [ann, bob, cid] = peers as [JoinedSocket, JoinedSocket, JoinedSocket];
  await happen(world, ann, [1, 2], [bob.joined.peerId]);
  await happen(world, ann, [3]);
  await eventually(() => cid.of('message').length === 1);
  expect(bob.of('message').map(({ payload }) => payload)).toEqual([1, 2, 3]);
  expect(cid.of('message').map(({ payload }) => payload)).toEqual([3]);
  expect(ann.of('message').map(({ payload }) => payload)).toEqual([3]);
});

test('[GW42] a thousand events for two hundred members are sent in several turns, whole and in order', async () => {
  const { world, peers } = await crowd(200);
  await using _ = world;
  const [ann] = peers as [JoinedSocket, ...JoinedSocket[]];
  const perTurn: number[] = [];
  let sent = 0;
  for (const peer of peers) {
    const sendAll = peer.sendAll.bind(peer);
    peer.sendAll = (texts) => {
      sent += texts.length;
      return sendAll(texts);
    };
  }
  const position = await happen(world, ann, count(1000));
  // What comes behind it while it is being sent stays behind it.
  void happen(world, ann, [1000]);
  while (peers.some((peer) => peer.of('message').length < 1001)) {
    const before = sent;
    await new Promise((resolve) => setImmediate(resolve));
    perTurn.push(sent - before);
  }
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 6000);
  const expected = count(1001).map((index) => position.seq - 999 + index);
  for (const peer of peers) expect(seqsOf(peer)).toEqual(expected);
}, 30_000);

test('[GW42] who leaves while much is being sent is sent no more; who is removed gets all that came before', async () => {
  const { world, peers } = await crowd(100);
  await using _ = world;
  const [ann] = peers as [JoinedSocket];
  const [last, next] = [peers.at(-1), peers.at(-2)] as [JoinedSocket, JoinedSocket];
  await happen(world, ann, count(1000));
  await eventually(() => ann.of('message').length === 1000);
  expect(last.of('message'), 'not its turn yet').toEqual([]);
  const left = last.ask({ action: 'leave', id: 'leave' });
  const { node } = world;
  const { resumeHash = '' } = node.peers.get(next.joined.peerId) ?? {};
  await node.directory.commit(demo, { node: node.id, boot: node.boot }, [
    { type: 'removePeer', peerId: next.joined.peerId as never, resumeHash, reason: 'kicked', producerIds: [] },
  ]);
  await left;
  await eventually(() => next.closedWith === 4501);
  await settle();
  expect(last.of('message')).toEqual([]);
  expect(next.of('message')).toHaveLength(1000);
  expect(next.frames.at(-1)).toMatchObject({ type: 'peerLeft', reason: 'kicked' });
}, 30_000);
