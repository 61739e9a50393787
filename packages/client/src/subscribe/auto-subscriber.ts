import { SluiceClientError } from '../base/errors.ts';
import { Refetch } from './refetch.ts';
import type { Subscription } from './subscription.ts';

export interface AutoSubscriberOptions {
  subscribe: (producerId: string) => Promise<Subscription>;
  /** False when the producer has gone or the room was left: no further attempt. */
  stillWanted: (producerId: string) => boolean;
  onSubscribed: (subscription: Subscription) => void;
  /** A refusal that won't change, or too many that would. */
  onFailed: (producerId: string, error: SluiceClientError) => void;
}

/**
 * Subscribes to each producer that is offered, and comes back to it as long as the refusals say that they will pass. What
 * was given up although it would have passed is tried again when something has changed.
 */
export class AutoSubscriber {
  readonly #options: AutoSubscriberOptions;
  readonly #refetch: Refetch<string>;
  readonly #givenUp = new Set<string>();

  constructor(options: AutoSubscriberOptions) {
    this.#options = options;
    this.#refetch = new Refetch({
      fetch: (producerIds) => this.#subscribe(producerIds),
      stillWanted: options.stillWanted,
      onFailed: (producerId, error) => this.#failed(producerId, error),
    });
  }

  offer(producerId: string): void {
    this.#givenUp.delete(producerId);
    this.#refetch.want(producerId);
  }

  /** The media or the connection is back: what had failed may work now. */
  tryAgain(): void {
    for (const producerId of [...this.#givenUp]) this.offer(producerId);
  }

  async #subscribe(producerIds: readonly string[]): Promise<Map<string, SluiceClientError>> {
    const refusals = new Map<string, SluiceClientError>();
    await Promise.all(
      producerIds.map(async (producerId) => {
        try {
          this.#subscribed(await this.#options.subscribe(producerId));
        } catch (thrown) {
          refusals.set(producerId, SluiceClientError.from(thrown, 'mediaFailed'));
        }
      }),
    );
    return refusals;
  }

  #subscribed(subscription: Subscription): void {
    subscription.on('closed', (reason) => {
      // Its producer may live: then it is worth another attempt.
      if (reason === 'mediaFailed') this.#givenUp.add(subscription.producerId);
    });
    this.#options.onSubscribed(subscription);
  }

  #failed(producerId: string, error: SluiceClientError): void {
    if (error.temporary) this.#givenUp.add(producerId);
    this.#options.onFailed(producerId, error);
  }
}
