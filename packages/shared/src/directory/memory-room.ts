import type { NodeId, PeerId, ProducerId } from '../base/ids.ts';
import type { LeaveReason, Owner, PeerRecord, ProducerRecord, RoomEvent } from '../protocol/room.ts';
import type { Change } from './directory.ts';

/** A value as Redis would keep it: nobody's object, whoever changes theirs later. */
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const sameOwner = (a: Owner, b: Owner): boolean => a.node === b.node && a.boot === b.boot;
const ownerKey = ({ node, boot }: Owner): string => `${node}/${boot}`;

/**
 * One room of the memory directory: the same rules as `lua/room.lua`, word for word where that is possible. Methods
 * change the room and return what happened; numbering and publishing is the directory's.
 */
export class MemoryRoom {
  readonly epoch: number;
  seq = 0;
  expiresAt = 0;
  readonly kept: { seq: number; events: string[] }[] = [];
  readonly peers = new Map<PeerId, PeerRecord>();
  readonly producers = new Map<ProducerId, ProducerRecord>();
  readonly #slices = new Map<NodeId, Owner>();
  readonly #fenced = new Set<string>();

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  isFenced(owner: Owner): boolean {
    return this.#fenced.has(ownerKey(owner));
  }

  /** Fences another boot of the same node that still holds the slice: the one that writes now is the newer. */
  takeover({ node, boot }: Owner): RoomEvent[] {
    const holder = this.#slices.get(node);
    return holder && holder.boot !== boot ? this.fence(holder) : [];
  }

  claim({ node, boot }: Owner): void {
    this.#slices.set(node, { node, boot });
  }

  fence(owner: Owner): RoomEvent[] {
    this.#fenced.add(ownerKey(owner));
    return [{ type: 'sliceFenced', node: owner.node, boot: owner.boot }, ...this.#orphanSlice(owner)];
  }

  release(owner: Owner): RoomEvent[] {
    const holder = this.#slices.get(owner.node);
    return holder && sameOwner(holder, owner) ? this.#orphanSlice(owner) : [];
  }

  reap(peerId: PeerId, owner: Owner, reason: LeaveReason): RoomEvent[] {
    return this.#owns(owner, this.peers.get(peerId)) ? this.#removePeer(peerId, reason) : [];
  }

  enter(peer: PeerRecord): RoomEvent[] {
    const events = this.#removePeer(peer.peerId, 'replaced');
    this.peers.set(peer.peerId, copy(peer));
    return [...events, { type: 'peerJoined', peer }];
  }

  apply(owner: Owner, change: Change): RoomEvent[] {
    switch (change.type) {
      case 'addProducer':
        return this.#addProducer(change.producer);
      case 'removeProducer':
        return this.#owns(owner, this.producers.get(change.producerId))
          ? this.#removeProducer(change.producerId, change.reason)
          : [];
      case 'setProducerPaused':
        return this.#setPaused(owner, change.producerId, change.paused);
      case 'updatePeer':
        return this.#putPeer(owner, change.peer);
      case 'takePeer':
        return this.#takePeer(change);
      case 'restorePeer':
        return this.peers.has(change.peer.peerId) ? [] : this.enter(change.peer);
      case 'removePeer':
        return this.#leave(owner, change);
      case 'message':
        return this.#message(change);
    }
  }

  #owns(owner: Owner, record: Owner | undefined): boolean {
    return record !== undefined && sameOwner(owner, record);
  }

  #addProducer(producer: ProducerRecord): RoomEvent[] {
    if (!this.peers.has(producer.peerId) || this.producers.has(producer.producerId)) return [];
    this.producers.set(producer.producerId, copy(producer));
    return [{ type: 'producerAdded', producer }];
  }

  #setPaused(owner: Owner, producerId: ProducerId, paused: boolean): RoomEvent[] {
    const producer = this.producers.get(producerId);
    if (!producer || !sameOwner(owner, producer) || producer.paused === paused) return [];
    producer.paused = paused;
    return [{ type: paused ? 'producerPaused' : 'producerResumed', producerId, peerId: producer.peerId }];
  }

  #putPeer(holder: Owner, peer: PeerRecord): RoomEvent[] {
    const known = this.peers.get(peer.peerId);
    if (!this.#owns(holder, known) || JSON.stringify(known) === JSON.stringify(peer)) return [];
    this.peers.set(peer.peerId, copy(peer));
    return [{ type: 'peerUpdated', peer }];
  }

  #takePeer({ peer, from }: Extract<Change, { type: 'takePeer' }>): RoomEvent[] {
    if (this.peers.get(peer.peerId)?.sessionId !== from.sessionId) return [];
    return this.#putPeer(from, peer);
  }

  #leave(owner: Owner, { peerId, producerIds, reason }: Extract<Change, { type: 'removePeer' }>): RoomEvent[] {
    const mine = this.#owns(owner, this.peers.get(peerId));
    const going = producerIds.filter((id) => {
      const producer = this.producers.get(id);
      return producer?.peerId === peerId && (mine || sameOwner(owner, producer));
    });
    const events = going.flatMap((id) => this.#removeProducer(id, reason));
    if (!mine) return events;
    this.peers.delete(peerId);
    return [...events, { type: 'peerLeft', peerId, reason }];
  }

  #message({ from, payload, to }: Extract<Change, { type: 'message' }>): RoomEvent[] {
    return this.peers.has(from) ? [{ type: 'message', from, payload, ...(to && { to }) }] : [];
  }

  /** The claim and the producers of a boot; its peers stay, as orphans. */
  #orphanSlice(owner: Owner): RoomEvent[] {
    const holder = this.#slices.get(owner.node);
    if (holder && sameOwner(holder, owner)) this.#slices.delete(owner.node);
    const producers = [...this.producers.values()].filter((producer) => sameOwner(producer, owner));
    const ids = producers.map((producer) => producer.producerId).sort();
    return ids.flatMap((id) => this.#removeProducer(id, 'nodeLost'));
  }

  /** With all its producers, whoever owns them. */
  #removePeer(peerId: PeerId, reason: LeaveReason): RoomEvent[] {
    if (!this.peers.delete(peerId)) return [];
    const producers = [...this.producers.values()].filter((producer) => producer.peerId === peerId);
    const ids = producers.map((producer) => producer.producerId).sort();
    return [...ids.flatMap((id) => this.#removeProducer(id, reason)), { type: 'peerLeft', peerId, reason }];
  }

  #removeProducer(producerId: ProducerId, reason: string | undefined): RoomEvent[] {
    const producer = this.producers.get(producerId);
    if (!producer) return [];
    this.producers.delete(producerId);
    const { peerId, kind } = producer;
    return [{ type: 'producerClosed', producerId, peerId, kind, ...(reason !== undefined && { reason }) }];
  }
}
