import type { CarriedConsumer, ConsumerId, ProducerId } from '@sluice/shared';

const none: ReadonlySet<ConsumerId> = new Set();

/** The consumers of a session, by their own ids and by their producers'. */
export class SessionConsumers {
  readonly #byId = new Map<ConsumerId, CarriedConsumer>();
  readonly #byProducer = new Map<ProducerId, Set<ConsumerId>>();

  get size(): number {
    return this.#byId.size;
  }

  get(consumerId: ConsumerId): CarriedConsumer | undefined {
    return this.#byId.get(consumerId);
  }

  /** The consumers of a producer: seldom more than one. */
  of(producerId: ProducerId): ReadonlySet<ConsumerId> {
    return this.#byProducer.get(producerId) ?? none;
  }

  values(): IterableIterator<CarriedConsumer> {
    return this.#byId.values();
  }

  set(consumer: CarriedConsumer): void {
    const { consumerId, producerId } = consumer;
    this.delete(consumerId);
    this.#byId.set(consumerId, consumer);
    const siblings = this.#byProducer.get(producerId);
    if (siblings) siblings.add(consumerId);
    else this.#byProducer.set(producerId, new Set([consumerId]));
  }

  delete(consumerId: ConsumerId): void {
    const known = this.#byId.get(consumerId);
    if (!known) return;
    this.#byId.delete(consumerId);
    const siblings = this.#byProducer.get(known.producerId);
    siblings?.delete(consumerId);
    if (siblings?.size === 0) this.#byProducer.delete(known.producerId);
  }

  /** Empties it, and returns what was there. */
  take(): ReadonlyMap<ConsumerId, CarriedConsumer> {
    const all = new Map(this.#byId);
    this.#byId.clear();
    this.#byProducer.clear();
    return all;
  }
}
