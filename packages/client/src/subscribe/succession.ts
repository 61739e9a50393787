import type { Subscription } from './subscription.ts';

type Timer = ReturnType<typeof setTimeout>;

/** Where a subscription's next consumer comes from, if it needs one. */
export type Phase =
  /** It needs none. */
  | { name: 'settled' }
  /** The node brings a consumer of the producer's successor. Past the timer it is fetched. */
  | { name: 'awaiting'; timer: Timer }
  /** Its own media has moved, and the node brings a consumer at the new place. Past the timer it is fetched. */
  | { name: 'following'; timer: Timer; over: () => void }
  /** The node has closed its consumer, and the room has not said that the producer is gone. Past the timer it is fetched. */
  | { name: 'doubted'; timer: Timer }
  /** Nothing brings one: it is fetched from here. */
  | { name: 'missing' };

/** What a subscription was given, and what it is to be given next. */
export class Succession {
  readonly subscription: Subscription;
  /** Every consumer that it was given and that was not dropped, also those that are not shown yet. */
  readonly consumerIds = new Set<string>();
  /** The producer that it should come to show, where that is another one. */
  successor: string | undefined;
  #phase: Phase = { name: 'settled' };
  /** The consumer that it was last given, and of which producer; shown, or not yet. */
  #last: { consumerId: string; producerId: string };
  /** How many consumers are being built for it. */
  #coming = 0;

  constructor(subscription: Subscription) {
    const { consumerId, producerId } = subscription;
    this.subscription = subscription;
    this.#last = { consumerId, producerId };
  }

  get phase(): Phase {
    return this.#phase;
  }

  get missing(): boolean {
    return this.#phase.name === 'missing' && !this.subscription.closed;
  }

  /** Whether another consumer is coming, or will be. */
  get underWay(): boolean {
    return this.#phase.name !== 'settled' || this.#coming > 0;
  }

  /** Whether what is coming is another producer's than the one that is shown. */
  get changesProducer(): boolean {
    if (this.successor !== undefined) return true;
    return this.#coming > 0 && this.#last.producerId !== this.subscription.producerId;
  }

  /** The producer that it should show in the end. */
  get wantedProducerId(): string {
    return this.successor ?? this.subscription.producerId;
  }

  get newestConsumerId(): string {
    return this.#last.consumerId;
  }

  /** Whether it shows, or is about to show, this producer. */
  comesTo(producerId: string): boolean {
    return this.#last.producerId === producerId && this.#phase.name !== 'missing';
  }

  enter(phase: Phase): void {
    const before = this.#phase;
    if ('timer' in before) clearTimeout(before.timer);
    this.#phase = phase;
    if (before.name === 'following') before.over();
  }

  /** A consumer is there, and is being built. A successor that is still to come is waited for as before. */
  begin({ id, producerId }: { id: string; producerId: string }): void {
    this.consumerIds.add(id);
    this.#last = { consumerId: id, producerId };
    this.#coming++;
    if (this.successor !== undefined && this.successor !== producerId) return;
    this.successor = undefined;
    // What follows a move is there only when it is built.
    if (this.#phase.name === 'following') clearTimeout(this.#phase.timer);
    else this.enter({ name: 'settled' });
  }

  /** The consumer is built, or could not be. */
  end(built: boolean): void {
    this.#coming--;
    if (!built && !this.subscription.closed) this.enter({ name: 'missing' });
    else if (this.#phase.name === 'following' && this.successor === undefined) this.enter({ name: 'settled' });
  }
}
