import type { PeerId, ProducerId } from '../../base/ids.ts';
import type { PeerRecord, ProducerRecord, RoomEvent, RoomSnapshot } from '../../protocol/room.ts';

/** A picture of a room, kept by applying its events in order. */
export class RoomView {
  readonly peers = new Map<PeerId, PeerRecord>();
  readonly producers = new Map<ProducerId, ProducerRecord>();

  static of(snapshot: RoomSnapshot): RoomView {
    const view = new RoomView();
    for (const peer of snapshot.peers) view.peers.set(peer.peerId, peer);
    for (const producer of snapshot.producers) view.producers.set(producer.producerId, producer);
    return view;
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case 'peerJoined':
      case 'peerUpdated':
        this.peers.set(event.peer.peerId, event.peer);
        return;
      case 'peerLeft':
        this.peers.delete(event.peerId);
        return;
      case 'producerAdded':
        this.producers.set(event.producer.producerId, event.producer);
        return;
      case 'producerClosed':
        this.producers.delete(event.producerId);
        return;
      case 'producerPaused':
      case 'producerResumed': {
        const producer = this.producers.get(event.producerId);
        if (!producer) return;
        this.producers.set(event.producerId, { ...producer, paused: event.type === 'producerPaused' });
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
      if (!known || known.generation <= peer.generation) whole.peers.set(id, peer);
    }
    for (const [id, producer] of [...other.producers, ...this.producers]) whole.producers.set(id, producer);
    return whole;
  }

  /** The producer that has come in another's place. */
  successorOf(producerId: ProducerId): ProducerId | undefined {
    for (const { producerId: id, replaces } of this.producers.values()) if (replaces === producerId) return id;
    return undefined;
  }

  producersOf(peerId: PeerId): ProducerRecord[] {
    return [...this.producers.values()].filter((producer) => producer.peerId === peerId);
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
