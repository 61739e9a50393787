import type { BootId, NodeId } from '../../base/ids.ts';
import type { Owner, PeerRecord, ProducerRecord } from '../../protocol/room.ts';

/** Counts by key. A key whose count is zero is not in it. */
class Tally<K> {
  readonly #counts = new Map<K, number>();

  keys(): Iterable<K> {
    return this.#counts.keys();
  }

  has(key: K): boolean {
    return this.#counts.has(key);
  }

  count(key: K, by: 1 | -1): void {
    const now = (this.#counts.get(key) ?? 0) + by;
    if (now > 0) this.#counts.set(key, now);
    else this.#counts.delete(key);
  }
}

/** On which nodes and gateways a room's peers and producers are: counted as they come and go, so that asking walks no room. */
export class Whereabouts {
  readonly #peers = new Tally<BootId>();
  readonly #producers = new Tally<BootId>();
  readonly #gateways = new Tally<string>();
  readonly #nodes = new Map<BootId, NodeId>();

  countPeer(peer: PeerRecord, by: 1 | -1): void {
    this.#gateways.count(peer.gateway, by);
    this.#count(this.#peers, peer, by);
  }

  countProducer(producer: ProducerRecord, by: 1 | -1): void {
    this.#count(this.#producers, producer, by);
  }

  /** The gateways of its peers. */
  gateways(): Iterable<string> {
    return this.#gateways.keys();
  }

  /** Each node's incarnation that has a peer or a producer. */
  *owners(): Generator<Owner> {
    for (const [boot, node] of this.#nodes) yield { node, boot };
  }

  /** Each node's incarnation that has a peer. */
  *withPeers(): Generator<Owner> {
    for (const owner of this.owners()) if (this.#peers.has(owner.boot)) yield owner;
  }

  hasPeerOf(boot: BootId): boolean {
    return this.#peers.has(boot);
  }

  #count(tally: Tally<BootId>, { node, boot }: Owner, by: 1 | -1): void {
    tally.count(boot, by);
    if (this.#peers.has(boot) || this.#producers.has(boot)) this.#nodes.set(boot, node);
    else this.#nodes.delete(boot);
  }
}
