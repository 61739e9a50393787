import type { Json } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { SluiceClientError } from '../base/errors.ts';
import { retry } from '../base/retry.ts';
import type { Signalling } from '../line/signalling.ts';
import { byTransport } from '../media/by-transport.ts';
import type { Direction, MediaPlace } from '../media/media-place.ts';
import { DataPublication } from './data-publication.ts';
import { DataSubscription } from './data-subscription.ts';

export interface PublishDataOptions {
  /** At most 128 characters each, seen by the others. */
  label?: string;
  protocol?: string;
  /** Default true. A limit on retransmission makes it false. */
  ordered?: boolean;
  /** Milliseconds, 1–65,535. Not together with `maxRetransmits`. */
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
  metadata?: Json;
}

/** For opening a channel again: a node's death takes 3 s. */
const pace = { firstMs: 500, mostMs: 4000, attempts: 6 };

/** The data channels of a room, by way of one place at a time. */
export class DataChannels {
  readonly #signalling: Signalling;
  readonly #publications = new Map<DataPublication, PublishDataOptions>();
  readonly #subscriptions = new Set<DataSubscription>();
  #place: MediaPlace;

  constructor(signalling: Signalling, place: MediaPlace) {
    this.#signalling = signalling;
    this.#place = place;
  }

  async publish(options: PublishDataOptions): Promise<DataPublication> {
    try {
      const publication = new DataPublication(this.#signalling, await this.#produce(options));
      this.#publications.set(publication, options);
      publication.on('closed', () => this.#publications.delete(publication));
      return publication;
    } catch (error) {
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  async subscribe(dataProducerId: string): Promise<DataSubscription> {
    try {
      const { consumer, peerId } = await this.#consume(dataProducerId);
      const subscription = new DataSubscription(this.#signalling, consumer, peerId);
      this.#subscriptions.add(subscription);
      subscription.on('closed', () => this.#subscriptions.delete(subscription));
      return subscription;
    } catch (error) {
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  /** Whether there is any channel in this direction. */
  carries(direction: Direction): boolean {
    return (direction === 'send' ? this.#publications : this.#subscriptions).size > 0;
  }

  /** Opens everything again at another place. Channels that can't be opened there end. */
  move(place: MediaPlace): void {
    this.#place = place;
    for (const publication of this.#publications.keys()) void this.#openAgain(publication);
    for (const subscription of this.#subscriptions) void this.#fetchAgain(subscription);
  }

  /** Opens again what was lost with its transport. */
  renew(place: MediaPlace, direction: Direction): void {
    if (place !== this.#place) return;
    if (direction === 'send') {
      for (const publication of this.#publications.keys()) if (!publication.stands) void this.#openAgain(publication);
    } else {
      for (const subscription of this.#subscriptions) if (!subscription.stands) void this.#fetchAgain(subscription);
    }
  }

  /** Back to a place that stands, after a move to another has failed. */
  moveBack(place: MediaPlace): void {
    this.#place = place;
  }

  consumerClosed(dataConsumerId: string): void {
    for (const one of [...this.#subscriptions]) if (one.dataConsumerId === dataConsumerId) one.ended();
  }

  closeAll(): void {
    for (const publication of [...this.#publications.keys()]) publication.ended('left');
    for (const subscription of [...this.#subscriptions]) subscription.ended();
  }

  async #openAgain(publication: DataPublication): Promise<void> {
    const place = this.#place;
    const stillWanted = (): boolean => !publication.closed && place === this.#place;
    const options = this.#publications.get(publication) ?? {};
    try {
      await retry(async () => publication.moveTo(await this.#produce(options)), { ...pace, stillWanted });
    } catch {
      if (stillWanted()) publication.ended('mediaFailed');
    }
  }

  async #fetchAgain(subscription: DataSubscription): Promise<void> {
    const place = this.#place;
    const stillWanted = (): boolean => !subscription.closed && place === this.#place;
    const fetch = async (): Promise<void> =>
      subscription.moveTo((await this.#consume(subscription.dataProducerId)).consumer);
    try {
      await retry(fetch, { ...pace, stillWanted });
    } catch {
      if (stillWanted()) subscription.ended();
    }
  }

  #produce({ metadata, ...options }: PublishDataOptions): Promise<types.DataProducer> {
    const appData = metadata === undefined ? {} : { metadata };
    const way = { direction: 'send', data: true } as const;
    return byTransport(this.#place, way, (transport) => transport.produceData({ ...options, appData }));
  }

  #consume(dataProducerId: string): Promise<{ consumer: types.DataConsumer; peerId: string }> {
    return byTransport(this.#place, { direction: 'recv', data: true }, async (transport) => {
      const fields = { dataProducerId, transportId: transport.id };
      const { dataConsumerId, peerId, ...channel } = await this.#signalling.request('consumeData', fields);
      return { consumer: await transport.consumeData({ ...channel, id: dataConsumerId }), peerId };
    });
  }
}
