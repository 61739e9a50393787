import type { NodeId, PeerId, ProducerId } from '../base/ids.ts';
import type { LeaveReason, Owner, PeerRecord, ProducerRecord, RoomEvent } from '../protocol/room.ts';
import type { Change, DirectoryLimits, Outcome } from './directory.ts';

/** What a change did. */
interface Made {
  outcome: Outcome;
  events: RoomEvent[];
}

interface KeptBatch {
  seq: number;
  events: string[];
  bytes: number;
}

/** A value as Redis would keep it: its own object, so that a caller's later change does not reach it. */
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
  readonly kept: KeptBatch[] = [];
  #keptBytes = 0;
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
    return [...events, { type: 'peerJoined', peer: copy(peer) }];
  }

  /** Writes a peer that is there, where it is not just so. */
  put(peer: PeerRecord): RoomEvent[] {
    if (isSame(this.peers.get(peer.peerId), peer)) return [];
    this.peers.set(peer.peerId, copy(peer));
    return [{ type: 'peerUpdated', peer: copy(peer) }];
  }

  keep(batch: KeptBatch, { keptEvents, keptBytes }: DirectoryLimits): void {
    this.kept.push(batch);
    this.#keptBytes += batch.bytes;
    while (this.kept.length > keptEvents || this.#keptBytes - (this.kept[0]?.bytes ?? 0) > keptBytes) {
      this.#keptBytes -= this.kept.shift()?.bytes ?? 0;
    }
  }

  apply(owner: Owner, change: Change): Made {
    switch (change.type) {
      case 'addProducer':
        return this.#addProducer(owner, change.producer, 'ofAnyone');
      case 'restoreProducer':
        return this.#addProducer(owner, change.producer, 'ofOwn');
      case 'removeProducer':
        return this.#ofProducer(owner, change.producerId, () => this.#removeProducer(change.producerId, change.reason));
      case 'setProducerPaused':
        return this.#ofProducer(owner, change.producerId, (producer) => setPaused(producer, change.paused));
      case 'updatePeer':
        return this.#updatePeer(owner, change);
      case 'restorePeer':
        return this.#restorePeer(owner, change.peer);
      case 'removePeer':
        return this.#leave(owner, change);
      case 'message':
        return this.#message(change);
    }
  }

  #owns(owner: Owner, record: Owner | undefined): boolean {
    return record !== undefined && sameOwner(owner, record);
  }

  #addProducer(owner: Owner, producer: ProducerRecord, peers: 'ofAnyone' | 'ofOwn'): Made {
    const peer = this.peers.get(producer.peerId);
    if (!peer) return missing;
    if (peers === 'ofOwn' && !sameOwner(owner, peer)) return other;
    const known = this.producers.get(producer.producerId);
    if (known) return sameOwner(owner, known) ? done() : other;
    this.producers.set(producer.producerId, copy(producer));
    return done({ type: 'producerAdded', producer });
  }

  #ofProducer(owner: Owner, producerId: ProducerId, change: (producer: ProducerRecord) => RoomEvent[]): Made {
    const producer = this.producers.get(producerId);
    if (!producer) return missing;
    return sameOwner(owner, producer) ? done(...change(producer)) : other;
  }

  #updatePeer(owner: Owner, { peer }: Extract<Change, { type: 'updatePeer' }>): Made {
    const known = this.peers.get(peer.peerId);
    if (!known) return missing;
    if (!sameOwner(owner, known) || known.resumeHash !== peer.resumeHash) return other;
    return done(...this.put({ ...peer, generation: known.generation }));
  }

  /** The higher generation wins; within one, the peer's owner is right. */
  #restorePeer(owner: Owner, peer: PeerRecord): Made {
    const known = this.peers.get(peer.peerId);
    if (!known) return done(...this.enter(peer));
    const isOwn = sameOwner(owner, known) && known.resumeHash === peer.resumeHash;
    if (known.generation > peer.generation || (known.generation === peer.generation && !isOwn)) return other;
    return done(...(known.resumeHash === peer.resumeHash ? this.put(peer) : this.enter(peer)));
  }

  #leave(owner: Owner, { peerId, resumeHash, producerIds, reason }: Extract<Change, { type: 'removePeer' }>): Made {
    const known = this.peers.get(peerId);
    const mine = this.#owns(owner, known) && known?.resumeHash === resumeHash;
    const going = producerIds.filter((id) => {
      const producer = this.producers.get(id);
      return producer?.peerId === peerId && (mine || sameOwner(owner, producer));
    });
    const events = going.flatMap((id) => this.#removeProducer(id, reason));
    if (!mine) return { outcome: known ? 'other' : 'missing', events };
    this.peers.delete(peerId);
    return done(...events, { type: 'peerLeft', peerId, reason });
  }

  #message({ from, payload, to }: Extract<Change, { type: 'message' }>): Made {
    return this.peers.has(from) ? done({ type: 'message', from, payload, ...(to && { to }) }) : missing;
  }

  /** The claim and the producers of a boot; its peers stay, as orphans. */
  #orphanSlice(owner: Owner): RoomEvent[] {
    const holder = this.#slices.get(owner.node);
    if (holder && sameOwner(holder, owner)) this.#slices.delete(owner.node);
    const producers = [...this.producers.values()].filter((producer) => sameOwner(producer, owner));
    const ids = producers.map((producer) => producer.producerId).sort();
    return ids.flatMap((id) => this.#removeProducer(id, 'nodeLost'));
  }

  /** With all its producers, those of other owners too. */
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

const done = (...events: RoomEvent[]): Made => ({ outcome: 'done', events });
const missing: Made = { outcome: 'missing', events: [] };
const other: Made = { outcome: 'other', events: [] };

function setPaused(producer: ProducerRecord, paused: boolean): RoomEvent[] {
  if (producer.paused === paused) return [];
  producer.paused = paused;
  const { producerId, peerId } = producer;
  return [{ type: paused ? 'producerPaused' : 'producerResumed', producerId, peerId }];
}

const isSame = (one: object | undefined, two: object): boolean => JSON.stringify(one) === JSON.stringify(copy(two));
