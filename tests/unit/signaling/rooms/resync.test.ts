import { channels, type PeerRecord, type RoomSnapshot } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { rtpParameters } from '../support/examples.ts';
import type { FakeSocket } from '../support/fake-socket.ts';
import { sdkRoom } from '../support/sdk-room.ts';
import { demo, type TestGateway, World } from '../support/world.ts';

/** The gateway hears nothing of its room, and its stream reaches back no further, until the returned function is called. */
function losesEvents(gateway: TestGateway): () => void {
  const { eventsAfter } = gateway.directory;
  gateway.bus.hears = (channel) => channel !== channels.room(demo);
  gateway.directory.eventsAfter = async () => undefined;
  return () => {
    gateway.bus.hears = () => true;
    gateway.directory.eventsAfter = eventsAfter;
  };
}

/** Has the gateway read the room as it is by now, for want of the events. */
async function resync(gateway: TestGateway): Promise<void> {
  await gateway.switchboard.rooms.get(demo)?.catchUp();
}

async function worldWithTwo() {
  const world = await World.create({ clock: new ManualClock() });
  const other = await world.addGateway();
  const { room, socket } = await sdkRoom(world.gateway);
  return { world, gateway: world.gateway, other, room, socket };
}

const numbersOf = ({ events }: FakeSocket) =>
  events.filter(({ type }) => type !== 'snapshot').map(({ epoch, seq }) => `${String(epoch)}/${String(seq)}`);

test('[GW41] five who joined unheard are all known to the SDK, from one frame', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  const hearAgain = losesEvents(gateway);
  for (const peerId of ['a', 'b', 'c', 'd', 'e']) await other.join({ peerId });
  await resync(gateway);
  hearAgain();
  expect(socket.of('snapshot')).toHaveLength(1);
  expect(socket.of('peerJoined')).toEqual([]);
  await eventually(() => room.peers.size === 5);
  expect([...room.peers.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  await other.join({ peerId: 'f' });
  await eventually(() => room.peers.size === 6);
});

test('[GW41] a snapshot is the room without oneself, at its epoch and number', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  const hearAgain = losesEvents(gateway);
  const ann = await other.join({ peerId: 'ann', name: 'Ann' });
  await ann.ask({ action: 'updatePeer', metadata: { a: 1 }, id: 1 });
  const bob = await gateway.join({ peerId: 'bob' });
  hearAgain();
  const { epoch, seq } = bob.joined;
  const [snapshot] = socket.of('snapshot');
  expect(snapshot).toEqual({ type: 'snapshot', room: demo, epoch, seq, peers: snapshot?.['peers'] });
  expect(snapshot?.['peers']).toMatchObject([
    { peerId: 'ann', name: 'Ann', metadata: { a: 1 }, producers: [] },
    { peerId: 'bob' },
  ]);
  expect(bob.of('snapshot')).toEqual([]);
  expect(room.peerId).not.toBe('bob');
});

test('[GW41] those who went unheard are gone for the SDK, with what they produced', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  const [ann, bob] = [await other.join({ peerId: 'ann' }), await other.join({ peerId: 'bob' })];
  await bob.ask({ action: 'produce', kind: 'audio', transportId: 't1', rtpParameters, id: 1 });
  await eventually(() => room.peers.get('bob')?.producers.size === 1);
  const left: string[] = [];
  room.on('peerLeft', ({ peer }) => left.push(peer.peerId));
  const hearAgain = losesEvents(gateway);
  await ann.ask({ action: 'leave', id: 2 });
  await bob.ask({ action: 'leave', id: 2 });
  await resync(gateway);
  hearAgain();
  await eventually(() => room.peers.size === 0);
  expect(left).toEqual(['ann', 'bob']);
  expect(new Set(numbersOf(socket)).size).toBe(numbersOf(socket).length);
});

/** The directory has the room in another state than the gateway knows, and none of its events. */
function restate(gateway: TestGateway, change: (snapshot: RoomSnapshot) => RoomSnapshot | undefined): void {
  const { snapshot } = gateway.directory;
  gateway.directory.eventsAfter = async () => undefined;
  gateway.directory.snapshot = async (room) => {
    const told = await snapshot.call(gateway.directory, room);
    return told && change(told);
  };
}

const without = (snapshot: RoomSnapshot, ...names: string[]): RoomSnapshot => ({
  ...snapshot,
  peers: snapshot.peers.filter(({ peerId }) => !names.includes(peerId)),
});

test('[GW41] a room that was born again under the same peers is told at once and keeps its numbers apart', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  await other.join({ peerId: 'ann' });
  const ghost = await other.join({ peerId: 'ghost' });
  await eventually(() => room.peers.size === 2);
  const epoch = ghost.joined.epoch + 7;
  restate(gateway, (snapshot) => {
    const born = { ...without(snapshot, 'ghost'), epoch, seq: 2 };
    const dan: PeerRecord = { ...(born.peers[0] as PeerRecord), peerId: 'dan' as never, sessionId: 's' as never };
    return { ...born, peers: [...born.peers, dan] };
  });
  await resync(gateway);
  await eventually(() => room.peers.has('dan'));
  expect(room.peers.has('ghost'), 'its owner may still write it again').toBe(true);
  await (world.clock as ManualClock).advance(20_000);
  await eventually(() => !room.peers.has('ghost'));
  expect([...room.peers.keys()].sort()).toEqual(['ann', 'dan']);
  expect(socket.of('snapshot').at(-1)).toMatchObject({ epoch, seq: 2 });
  expect(new Set(numbersOf(socket)).size).toBe(numbersOf(socket).length);
  expect(room.closed).toBe(false);
});

test('[GW41] when Redis came back without somebody, the SDK loses the ghost though no number was given', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  const clock = world.clock as ManualClock;
  await other.join({ peerId: 'ann' });
  const { epoch, seq } = (await other.join({ peerId: 'ghost' })).joined;
  await eventually(() => room.peers.size === 2);
  world.hub.setAway(true);
  await clock.advance(100);
  restate(gateway, (snapshot) => ({ ...without(snapshot, 'ghost'), epoch: epoch + 1, seq }));
  world.hub.setAway(false);
  await clock.advance(1000);
  expect(room.peers.has('ghost')).toBe(true);
  await clock.advance(20_000);
  await eventually(() => !room.peers.has('ghost'));
  expect(room.peers.has('ann')).toBe(true);
  const snapshots = socket.of('snapshot').map((snapshot) => [snapshot['epoch'], snapshot['seq']]);
  expect(snapshots.at(-1), 'the number that it had already').toEqual([epoch + 1, seq]);
});

test('[GW41] a client whose own peer is gone is told that, and the SDK ends the room', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  await other.join({ peerId: 'ann' });
  const ends: unknown[] = [];
  room.on('closed', (end) => ends.push(end));
  restate(gateway, (snapshot) => without(snapshot, room.peerId));
  const hearAgain = losesEvents(gateway);
  await other.join({ peerId: 'bob' });
  await resync(gateway);
  hearAgain();
  await eventually(() => ends.length > 0);
  expect(ends).toEqual([{ reason: 'resumeRejected', comeBack: true }]);
  expect(socket.of('peerLeft')).toMatchObject([{ peerId: room.peerId }]);
  expect(gateway.switchboard.seats.size).toBe(0);
});

test('[GW41] a client whose own peer is spoken for by another session is closed with 4504', async () => {
  const { world, gateway, other, room, socket } = await worldWithTwo();
  await using _ = world;
  restate(gateway, (snapshot) => ({
    ...snapshot,
    seq: snapshot.seq + 1,
    peers: snapshot.peers.map((peer) =>
      peer.peerId === room.peerId ? { ...peer, sessionId: 'another' as never } : peer,
    ),
  }));
  await other.join({ peerId: 'bob' });
  await resync(gateway);
  expect(socket.closedWith).toBe(4504);
});
