import type { ProducerId } from '@sluice/shared';
import type { OwnProducer } from './peer.ts';

export interface OwnProducersOptions {
  /** A producer is no longer here: what was wanted of it is forgotten. */
  onGone(producerId: ProducerId): void;
  /** A producer is closed: its copies on this node go too. */
  onClosed(producerId: ProducerId): void;
}

/** The producers of a slice's own peers, each in its peer's list as well. */
export class OwnProducers {
  readonly #options: OwnProducersOptions;
  readonly #producers = new Map<ProducerId, OwnProducer>();

  constructor(options: OwnProducersOptions) {
    this.#options = options;
  }

  *[Symbol.iterator](): IterableIterator<OwnProducer> {
    yield* this.#producers.values();
  }

  get(producerId: ProducerId): OwnProducer | undefined {
    return this.#producers.get(producerId);
  }

  add(own: OwnProducer): void {
    this.#producers.set(own.record.producerId, own);
    own.peer.producers.set(own.record.producerId, own);
  }

  /** A producer went with its router. Its copies stay, silent, for the viewers that wait for its successor. */
  lose({ peer, record: { producerId } }: OwnProducer): void {
    this.#producers.delete(producerId);
    peer.producers.delete(producerId);
    this.#options.onGone(producerId);
  }

  /** Lets a producer and its copies on this node go. The rest of the room hears of it from the directory. */
  close(own: OwnProducer): void {
    this.lose(own);
    this.#options.onClosed(own.record.producerId);
    own.producer.close();
  }
}
