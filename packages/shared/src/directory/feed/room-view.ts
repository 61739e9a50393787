import type { PeerId, ProducerId } from '../../base/ids.ts';
import type { PeerRecord, ProducerRecord, RoomEvent, RoomSnapshot } from '../../protocol/room.ts';
import { Whereabouts } from './whereabouts.ts';

/** A picture of a room, kept by applying its events in order. */
export class RoomView {
  readonly whereabouts = new Whereabouts();
  readonly #peers = new Map<PeerId, PeerRecord>();
  readonly #producers = new Map<ProducerId, ProducerRecord>();
  readonly #byPeer = new Map<PeerId, Set<ProducerId>>();

  static of(snapshot: RoomSnapshot): RoomView {
    const view = new RoomView();
    for (const peer of snapshot.peers) view.#setPeer(peer);
    for (const producer of snapshot.producers) view.#setProducer(producer);
    return view;
  }

  get peers(): ReadonlyMap<PeerId, PeerRecord> {
    return this.#peers;
  }

  get producers(): ReadonlyMap<ProducerId, ProducerRecord> {
    return this.#producers;
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case 'peerJoined':
      case 'peerUpdated':
        this.#setPeer(event.peer);
        return;
      case 'peerLeft':
        this.#removePeer(event.peerId);
        return;
      case 'producerAdded':
        this.#setProducer(event.producer);
        return;
      case 'producerClosed':
        this.#removeProducer(event.producerId);
        return;
      case 'producerPaused':
      case 'producerResumed': {
        const producer = this.producers.get(event.producerId);
        if (!producer) return;
        this.#setProducer({ ...producer, paused: event.type === 'producerPaused' });
        return;
      }
      case 'message':
      case 'sliceFenced':
      case 'roomClosed':
        return;
      default:
        // From a newer version of ours: what it changes is not in this picture. One that we forgot doesn't compile.
        event satisfies never;
    }
  }

  /**
   * What an event tells a reader that has this picture; undefined where that is nothing new. After a loss owners write
   * again what readers have never missed: as it was, changed in the meantime, or older than here, where an earlier owner
   * is the first to write.
   */
  news(event: RoomEvent): RoomEvent | undefined {
    if (event.type === 'peerJoined' || event.type === 'peerUpdated') return this.#peerNews(event);
    if (event.type === 'producerAdded') return this.#producerNews(event);
    return event;
  }

  #peerNews(event: Extract<RoomEvent, { peer: PeerRecord }>): RoomEvent | undefined {
    const { peer } = event;
    const known = this.peers.get(peer.peerId);
    if (!known) return event;
    if (known.generation > peer.generation || isSame(known, peer)) return undefined;
    return known.resumeHash === peer.resumeHash ? { type: 'peerUpdated', peer } : event;
  }

  #producerNews(event: Extract<RoomEvent, { producer: ProducerRecord }>): RoomEvent | undefined {
    const { producerId, peerId, paused } = event.producer;
    const known = this.producers.get(producerId);
    if (!known) return event;
    if (isSame(known, event.producer)) return undefined;
    if (!isSame({ ...known, paused }, event.producer)) return event;
    return { type: paused ? 'producerPaused' : 'producerResumed', producerId, peerId };
  }

  /** This picture, and the peers and producers that only the other one has, or has newer. */
  withMissingFrom(other: RoomView): RoomView {
    const whole = new RoomView();
    for (const [id, peer] of [...other.peers, ...this.peers]) {
      const known = whole.peers.get(id);
      if (!known || known.generation <= peer.generation) whole.#setPeer(peer);
    }
    for (const [, producer] of [...other.producers, ...this.producers]) whole.#setProducer(producer);
    return whole;
  }

  /** Whether all peers and producers of this picture are in what was read, in whatever state. */
  isWholeIn({ peers, producers }: RoomSnapshot): boolean {
    const read = new Set<string>(peers.map(({ peerId }) => peerId));
    for (const { producerId } of producers) read.add(producerId);
    return [...this.#peers.keys(), ...this.#producers.keys()].every((id) => read.has(id));
  }

  /** The producer that has come in another's place. */
  successorOf(producerId: ProducerId): ProducerId | undefined {
    for (const { producerId: id, replaces } of this.producers.values()) if (replaces === producerId) return id;
    return undefined;
  }

  producersOf(peerId: PeerId): ProducerRecord[] {
    const ids = [...(this.#byPeer.get(peerId) ?? [])];
    return ids.flatMap((id) => this.#producers.get(id) ?? []);
  }

  /** What is changed keeps its place in the order. */
  #setPeer(peer: PeerRecord): void {
    const before = this.#peers.get(peer.peerId);
    if (before) this.whereabouts.countPeer(before, -1);
    this.#peers.set(peer.peerId, peer);
    this.whereabouts.countPeer(peer, 1);
  }

  #removePeer(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    this.#peers.delete(peerId);
    this.whereabouts.countPeer(peer, -1);
  }

  #setProducer(producer: ProducerRecord): void {
    const { producerId, peerId } = producer;
    const before = this.#producers.get(producerId);
    if (before) this.#uncount(before);
    this.#producers.set(producerId, producer);
    this.#byPeer.set(peerId, (this.#byPeer.get(peerId) ?? new Set()).add(producerId));
    this.whereabouts.countProducer(producer, 1);
  }

  #removeProducer(producerId: ProducerId): void {
    const producer = this.#producers.get(producerId);
    if (!producer) return;
    this.#producers.delete(producerId);
    this.#uncount(producer);
  }

  #uncount(producer: ProducerRecord): void {
    const ofPeer = this.#byPeer.get(producer.peerId);
    ofPeer?.delete(producer.producerId);
    if (ofPeer?.size === 0) this.#byPeer.delete(producer.peerId);
    this.whereabouts.countProducer(producer, -1);
  }
}

const isSame = (one: object | undefined, other: object): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);

/** The events that lead from one picture to another: what a reader that missed the real ones tells its listeners. */
export function differences(from: RoomView, to: RoomView): RoomEvent[] {
  const events: RoomEvent[] = [];
  for (const { producerId, peerId, kind } of from.producers.values()) {
    if (!to.producers.has(producerId)) events.push({ type: 'producerClosed', producerId, peerId, kind });
  }
  for (const peerId of from.peers.keys()) {
    if (!to.peers.has(peerId)) events.push({ type: 'peerLeft', peerId, reason: 'disconnected' });
  }
  for (const peer of to.peers.values()) {
    const before = from.peers.get(peer.peerId);
    if (!before) events.push({ type: 'peerJoined', peer });
    else if (!isSame(before, peer)) events.push({ type: 'peerUpdated', peer });
  }
  for (const producer of to.producers.values()) {
    const { producerId, peerId, paused } = producer;
    const before = from.producers.get(producerId);
    if (!before) events.push({ type: 'producerAdded', producer });
    else if (before.paused !== paused) {
      events.push({ type: paused ? 'producerPaused' : 'producerResumed', producerId, peerId });
    }
  }
  return events;
}
