import type { ClientRoomEvent, Json, PeerInfo, ProducerInfo, RoomState } from '@sluice/shared/protocol';
import type { EventOf } from '../base/event-of.ts';

/** A peer as this client knows it at the moment: read it again after an event. */
export interface RoomPeer {
  readonly peerId: string;
  readonly name?: string;
  readonly metadata?: Json;
  /** The node where its media enters the cluster. */
  readonly node: string;
  /** `lost`: its connection is interrupted, and it may come back within half a minute. */
  readonly connection: 'here' | 'lost';
  readonly producers: ReadonlyMap<string, ProducerInfo>;
}

interface MutablePeer extends RoomPeer {
  readonly producers: Map<string, ProducerInfo>;
}

/**
 * Who is in a room and what they produce: the snapshot of `joined`, and every event since. `epoch` and `seq` say how far
 * it has come, which is what a resume tells the server.
 */
export class RoomPicture {
  readonly #peers = new Map<string, MutablePeer>();
  #epoch: number;
  #seq: number;

  constructor(state: RoomState) {
    this.#epoch = state.epoch;
    this.#seq = state.seq;
    for (const peer of state.peers) this.#peers.set(peer.peerId, toPeer(peer));
  }

  /** The room's generation. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The number of the last event that is in the picture. Numbers may skip. */
  get seq(): number {
    return this.#seq;
  }

  get peers(): ReadonlyMap<string, RoomPeer> {
    return this.#peers;
  }

  /**
   * False when the picture had the event already: the snapshot may be younger than the events that are on their way.
   * What an event removes can still be read before it is applied.
   */
  apply(event: ClientRoomEvent): boolean {
    if (!this.isNew(event)) return false;
    this.take(event);
    return true;
  }

  /** As `apply`, for several events with one number: a snapshot's. */
  take(event: ClientRoomEvent): void {
    this.moveTo(event);
    // An event type from a newer server moves the number and changes nothing that we know of.
    if (!Object.hasOwn(changes, event.type)) return;
    const change = changes[event.type] as (peers: Peers, event: ClientRoomEvent) => void;
    change(this.#peers, event);
  }

  moveTo({ epoch, seq }: { epoch: number; seq: number }): void {
    this.#epoch = epoch;
    this.#seq = seq;
  }

  isNew({ epoch, seq }: { epoch: number; seq: number }): boolean {
    return epoch > this.#epoch || (epoch === this.#epoch && seq > this.#seq);
  }
}

/** A producer by its id, and whose it is. */
export function producerIn(
  peers: ReadonlyMap<string, RoomPeer>,
  producerId: string,
): { peer: RoomPeer; producer: ProducerInfo } | undefined {
  for (const peer of peers.values()) {
    const producer = peer.producers.get(producerId);
    if (producer) return { peer, producer };
  }
  return undefined;
}

function toPeer({ producers, ...peer }: PeerInfo): MutablePeer {
  const connection = peer.connection ?? 'here';
  return { ...peer, connection, producers: new Map(producers.map((producer) => [producer.producerId, producer])) };
}

type Peers = Map<string, MutablePeer>;

const nothing = (): void => undefined;

const changes: { [T in ClientRoomEvent['type']]: (peers: Peers, event: EventOf<T>) => void } = {
  peerJoined: (peers, { type: _type, epoch: _epoch, seq: _seq, ...peer }) => {
    peers.set(peer.peerId, { ...peer, connection: peer.connection ?? 'here', producers: new Map() });
  },
  peerLeft: (peers, { peerId }) => void peers.delete(peerId),
  peerUpdated: (peers, { type: _type, epoch: _epoch, seq: _seq, ...peer }) => {
    const producers = peers.get(peer.peerId)?.producers ?? new Map<string, ProducerInfo>();
    peers.set(peer.peerId, { ...peer, connection: peer.connection ?? 'here', producers });
  },
  producerAdded: (peers, { type: _type, epoch: _epoch, seq: _seq, peerId, ...producer }) => {
    peers.get(peerId)?.producers.set(producer.producerId, producer);
  },
  producerClosed: (peers, { peerId, producerId }) => void peers.get(peerId)?.producers.delete(producerId),
  producerPaused: (peers, event) => setPaused(peers, event, true),
  producerResumed: (peers, event) => setPaused(peers, event, false),
  dataProducerAdded: (peers, { type: _type, epoch: _epoch, seq: _seq, peerId, dataProducerId, ...channel }) => {
    const producer = { producerId: dataProducerId, kind: 'data', paused: false, ...channel } as const;
    peers.get(peerId)?.producers.set(dataProducerId, producer);
  },
  dataProducerClosed: (peers, { peerId, dataProducerId }) => void peers.get(peerId)?.producers.delete(dataProducerId),
  message: nothing,
  roomClosed: (peers) => peers.clear(),
};

function setPaused(peers: Peers, event: { peerId: string; producerId: string }, paused: boolean): void {
  const producers = peers.get(event.peerId)?.producers;
  const producer = producers?.get(event.producerId);
  if (producer) producers?.set(event.producerId, { ...producer, paused });
}
