import type { Change, ProducerId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { onClose } from '../pipes/link-end.ts';
import type { OwnProducer } from './peer.ts';

export interface OwnProducersOptions {
  /** A producer is no longer here: what was wanted of it is forgotten. */
  onGone(producerId: ProducerId): void;
  /** A producer is closed: its copies on this node go too. */
  onClosed(producerId: ProducerId): void;
  /** Writes a change, and rejects where it was not made. */
  write(change: Change): Promise<unknown>;
  commit(change: Change): Promise<unknown>;
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

  /**
   * Tells the room of a new producer. If that can't be done there is no producer.
   *
   * @throws transportNotFound when its transport was closed meanwhile, or what kept the directory from being told.
   */
  async publish(own: OwnProducer): Promise<void> {
    const { producer, peer, record } = own;
    this.#add(own);
    try {
      await this.#options.write({ type: 'addProducer', producer: record });
      if (producer.closed || peer.closed) {
        throw new SluiceError('transportNotFound', 'The transport was closed meanwhile.');
      }
    } catch (error) {
      this.close(own);
      // The write may have been done though its answer was lost.
      this.#unpublish(own);
      throw error;
    }
  }

  /** Takes a producer out of the room, and closes it when the directory has heard. */
  async unpublish(own: OwnProducer): Promise<void> {
    own.closing = true;
    try {
      await this.#options.write({ type: 'removeProducer', producerId: own.record.producerId });
    } catch (error) {
      own.closing = false;
      throw error;
    }
    this.close(own);
  }

  /** A producer went with its router. Its copies stay, silent, for the viewers that wait for its successor. */
  lose({ peer, record: { producerId } }: OwnProducer): void {
    this.#producers.delete(producerId);
    peer.producers.delete(producerId);
    this.#options.onGone(producerId);
  }

  /** Lets a producer and its copies on this node go. The rest of the room hears of it from the directory. */
  close(own: OwnProducer): void {
    const { producerId } = own.record;
    if (this.#producers.get(producerId) === own) {
      this.lose(own);
      this.#options.onClosed(producerId);
    }
    own.producer.close();
  }

  #add(own: OwnProducer): void {
    const { producerId } = own.record;
    this.#producers.set(producerId, own);
    own.peer.producers.set(producerId, own);
    onClose(own.producer, () => this.#closedByTransport(own));
  }

  /** Its transport was closed under a living peer: the room must not go on showing it. */
  #closedByTransport(own: OwnProducer): void {
    // With its router a producer is lost, not closed: its viewers wait for a successor.
    if (this.#producers.get(own.record.producerId) !== own || own.peer.router.closed) return;
    this.close(own);
    this.#unpublish(own);
  }

  #unpublish({ record: { producerId } }: OwnProducer): void {
    // Where it can't be told now, the sweep takes it out.
    this.#options.commit({ type: 'removeProducer', producerId }).catch(() => undefined);
  }
}
