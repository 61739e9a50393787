import type { ProducerRecord, RoomEvent, RoomSnapshot } from '@sluice/shared';
import { differences, RoomView } from '@sluice/shared';
import {
  chosenSeed,
  ownerNamed,
  peerRecord,
  producerRecord,
  roomNamed,
  type Seeded,
  seeded,
} from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';

const owner = ownerNamed('n');
const peer = peerRecord('ada', owner);
const producer = producerRecord('cam', peer);

const contentOf = ({ peers, producers }: RoomView) => ({
  peers: [...peers.values()].sort((a, b) => a.peerId.localeCompare(b.peerId)),
  producers: [...producers.values()].sort((a, b) => a.producerId.localeCompare(b.producerId)),
});

/** Something that may be in a room: of few, so that two pictures have much in common. */
function randomView(random: Seeded): RoomView {
  const peers = ['a', 'b', 'c', 'd']
    .filter(() => random.chance(0.6))
    .map((id) => peerRecord(id, owner, { name: random.pick(['x', 'y']) }));
  const producers = peers.flatMap((one) =>
    ['1', '2']
      .filter(() => random.chance(0.6))
      .map((id) => producerRecord(`${one.peerId}${id}`, one, { paused: random.chance(0.5) })),
  );
  const snapshot: RoomSnapshot = { room: roomNamed('r'), epoch: 1, seq: 1, peers, producers };
  return RoomView.of(snapshot);
}

describe('a picture of a room', () => {
  it('[CL30] follows its events', () => {
    const view = new RoomView();
    const events: RoomEvent[] = [
      { type: 'peerJoined', peer },
      { type: 'producerAdded', producer },
      { type: 'producerPaused', producerId: producer.producerId, peerId: peer.peerId },
      { type: 'peerUpdated', peer: { ...peer, name: 'Ada' } },
    ];
    for (const event of events) view.apply(event);
    expect(contentOf(view)).toEqual({ peers: [{ ...peer, name: 'Ada' }], producers: [{ ...producer, paused: true }] });
    expect(view.producersOf(peer.peerId)).toHaveLength(1);
    view.apply({ type: 'producerResumed', producerId: producer.producerId, peerId: peer.peerId });
    expect(view.producers.get(producer.producerId)?.paused).toBe(false);
    view.apply({ type: 'producerClosed', producerId: producer.producerId, peerId: peer.peerId, kind: 'video' });
    view.apply({ type: 'peerLeft', peerId: peer.peerId, reason: 'left' });
    expect(contentOf(view)).toEqual({ peers: [], producers: [] });
  });

  it('[CL30] is not changed by what concerns nobody in it, or comes from a newer version', () => {
    const view = RoomView.of({ room: roomNamed('r'), epoch: 1, seq: 2, peers: [peer], producers: [producer] });
    const before = contentOf(view);
    view.apply({ type: 'producerPaused', producerId: producerRecord('other', peer).producerId, peerId: peer.peerId });
    view.apply({ type: 'message', from: peer.peerId, payload: 'hello' });
    view.apply({ type: 'roomTurnedBlue', shade: 7 } as unknown as RoomEvent);
    expect(contentOf(view)).toEqual(before);
  });
});

describe('the differences of two pictures', () => {
  it('[CL31] lead from the one to the other, whatever they are', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    for (let round = 0; round < 500; round++) {
      const [from, to] = [randomView(random), randomView(random)];
      const followed = new RoomView();
      for (const one of from.peers.values()) followed.apply({ type: 'peerJoined', peer: one });
      for (const one of from.producers.values()) followed.apply({ type: 'producerAdded', producer: one });
      for (const event of differences(from, to)) followed.apply(event);
      expect(contentOf(followed), `seed ${seed}, round ${round}`).toEqual(contentOf(to));
      expect(differences(to, followed)).toEqual([]);
    }
  });

  it('[CL31] a peer goes after its producers and comes before them', () => {
    const none = new RoomView();
    const some = RoomView.of({ room: roomNamed('r'), epoch: 1, seq: 2, peers: [peer], producers: [producer] });
    expect(differences(none, some).map(({ type }) => type)).toEqual(['peerJoined', 'producerAdded']);
    expect(differences(some, none).map(({ type }) => type)).toEqual(['producerClosed', 'peerLeft']);
  });
});

describe('what owners write again after a loss', () => {
  const known = () => RoomView.of({ room: roomNamed('r'), epoch: 1, seq: 1, peers: [peer], producers: [producer] });

  it('[DI53] is nothing new to a reader that has it, and a change where it was changed meanwhile', () => {
    const view = known();
    expect(view.news({ type: 'peerJoined', peer })).toBeUndefined();
    expect(view.news({ type: 'producerAdded', producer })).toBeUndefined();
    const renamed = { ...peer, name: 'Grace' };
    expect(view.news({ type: 'peerJoined', peer: renamed })).toEqual({ type: 'peerUpdated', peer: renamed });
    const { producerId, peerId } = producer;
    expect(view.news({ type: 'producerAdded', producer: { ...producer, paused: true } })).toEqual({
      type: 'producerPaused',
      producerId,
      peerId,
    });
  });

  it('[DI53] is not believed where an earlier owner writes what a newer one has', () => {
    const view = known();
    const moved = peerRecord('ada', ownerNamed('m'), { generation: 2 });
    expect(view.news({ type: 'peerUpdated', peer: moved })).toEqual({ type: 'peerUpdated', peer: moved });
    view.apply({ type: 'peerUpdated', peer: moved });
    expect(view.news({ type: 'peerJoined', peer })).toBeUndefined();
    const told = RoomView.of({ room: roomNamed('r'), epoch: 2, seq: 1, peers: [peer], producers: [] });
    expect(told.withMissingFrom(view).peers.get(peer.peerId)).toEqual(moved);
  });

  it('[DI53] is new where it is, or where another took the id', () => {
    const view = known();
    for (const event of [
      { type: 'peerJoined', peer: peerRecord('bob', owner) },
      { type: 'peerJoined', peer: { ...peer, resumeHash: 'another' } },
      { type: 'producerAdded', producer: producerRecord('mic', peer) },
      { type: 'message', from: peer.peerId, payload: 1 },
    ] satisfies RoomEvent[]) {
      expect(view.news(event)).toEqual(event);
    }
  });
});

const named = ({ node, boot }: { node: string; boot: string }) => `${node} ${boot}`;
const distinct = (names: Iterable<string>) => [...new Set(names)].toSorted();

const byId = (producers: ProducerRecord[]) => producers.toSorted((a, b) => a.producerId.localeCompare(b.producerId));

/** What the records of a picture say, walked one by one. */
const walked = ({ peers, producers }: RoomView) => ({
  owners: distinct([...peers.values(), ...producers.values()].map(named)),
  withPeers: distinct([...peers.values()].map(named)),
  gateways: distinct([...peers.values()].map(({ gateway }) => gateway)),
  producersOf: [...peers.keys()].map((id) => byId([...producers.values()].filter(({ peerId }) => peerId === id))),
});

const counted = (view: RoomView) => ({
  owners: distinct([...view.whereabouts.owners()].map(named)),
  withPeers: distinct([...view.whereabouts.withPeers()].map(named)),
  gateways: distinct(view.whereabouts.gateways()),
  producersOf: [...view.peers.keys()].map((id) => byId(view.producersOf(id))),
});

/** An event of any kind about few peers, few producers, few nodes and two gateways. */
function randomEvent(random: Seeded): RoomEvent {
  const place = ownerNamed(random.pick(['n', 'm', 'o']));
  const about = peerRecord(random.pick(['a', 'b', 'c']), place, { gateway: random.pick(['gw-1', 'gw-2']) });
  const { producerId } = producerRecord(`${about.peerId}${random.pick(['1', '2'])}`, about);
  const { peerId } = about;
  return random.pick<RoomEvent>([
    { type: 'peerJoined', peer: about },
    { type: 'peerUpdated', peer: about },
    { type: 'peerLeft', peerId, reason: 'left' },
    { type: 'producerAdded', producer: producerRecord(producerId, about) },
    { type: 'producerPaused', producerId, peerId },
    { type: 'producerClosed', producerId, peerId, kind: 'video' },
  ]);
}

it('[CL35] where its peers and producers are is counted as events come, and is what its records say', () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  const view = new RoomView();
  for (let round = 0; round < 500; round++) {
    view.apply(randomEvent(random));
    expect(counted(view), `seed ${seed}, round ${round}`).toEqual(walked(view));
  }
  expect(counted(view.withMissingFrom(randomView(random))).owners.length).toBeGreaterThan(0);
});

it('[CL35] what is changed keeps its place in the order', () => {
  const view = new RoomView();
  for (const name of ['a', 'b', 'c']) view.apply({ type: 'peerJoined', peer: peerRecord(name, owner) });
  view.apply({ type: 'peerUpdated', peer: peerRecord('a', owner, { name: 'Ada' }) });
  expect([...view.peers.keys()]).toEqual(['a', 'b', 'c']);
});
