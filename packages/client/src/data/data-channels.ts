import type { Json } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import type { MediaPlace } from '../media/media-place.ts';
import type { Signalling } from '../line/signalling.ts';

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

export type DataPayload = string | Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** A data channel of ours, out to everyone who subscribes to it. A move opens it anew elsewhere, under the same label. */
export class DataPublication {
  readonly #signalling: Signalling;
  #producer: types.DataProducer;
  #closed = false;

  constructor(signalling: Signalling, producer: types.DataProducer) {
    this.#signalling = signalling;
    this.#producer = producer;
  }

  get dataProducerId(): string {
    return this.#producer.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws `closed` before the channel is open, after its end, and for the moment that a move takes. */
  send(payload: DataPayload): void {
    if (this.#producer.readyState !== 'open') throw new SluiceClientError('closed', 'The data channel is not open.');
    this.#producer.send(payload);
  }

  /** Resolves when the channel is open; rejects with `mediaFailed` when it closes instead. */
  opened(): Promise<void> {
    return whenOpen(this.#producer);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#producer.close();
    await this.#signalling.request('closeDataProducer', { dataProducerId: this.dataProducerId });
  }

  /** Goes out by another producer once that is open. For the room. */
  async moveTo(producer: types.DataProducer): Promise<void> {
    await whenOpen(producer);
    if (this.#closed) producer.close();
    else this.#producer = producer;
  }
}

export interface DataSubscriptionEvents {
  message: string | ArrayBuffer;
  closed: undefined;
}

/** Somebody's data channel, as this client receives it. Binary messages come as ArrayBuffers. */
export class DataSubscription {
  readonly peerId: string;
  readonly label: string;
  readonly protocol: string;
  readonly #signalling: Signalling;
  #consumer: types.DataConsumer;
  readonly #emitter = new Emitter<DataSubscriptionEvents>();
  #closed = false;

  constructor(signalling: Signalling, consumer: types.DataConsumer, peerId: string) {
    this.#signalling = signalling;
    this.#consumer = consumer;
    this.peerId = peerId;
    this.label = consumer.label;
    this.protocol = consumer.protocol;
    this.#listen(consumer);
  }

  get dataConsumerId(): string {
    return this.#consumer.id;
  }

  get dataProducerId(): string {
    return this.#consumer.dataProducerId;
  }

  on<T extends keyof DataSubscriptionEvents>(type: T, listener: (value: DataSubscriptionEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** Resolves when the channel is open; rejects with `mediaFailed` when it closes instead. */
  opened(): Promise<void> {
    return whenOpen(this.#consumer);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.ended();
    await this.#signalling.request('closeDataConsumer', { dataConsumerId: this.dataConsumerId });
  }

  /** The server has closed it. For the room. */
  ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#consumer.close();
    this.#emitter.emit('closed', undefined);
    this.#emitter.clear();
  }

  /** Comes by another consumer from here on. What was sent in between is lost. For the room. */
  moveTo(consumer: types.DataConsumer): void {
    if (this.#closed) return consumer.close();
    this.#consumer = consumer;
    this.#listen(consumer);
  }

  #listen(consumer: types.DataConsumer): void {
    consumer.binaryType = 'arraybuffer';
    consumer.on('message', (payload: string | ArrayBuffer) => {
      if (consumer === this.#consumer) this.#emitter.emit('message', payload);
    });
    consumer.observer.on('close', () => {
      if (consumer === this.#consumer) this.ended();
    });
  }
}

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

  /** Opens everything again at another place. Channels that can't be, end when their old place is closed. */
  move(place: MediaPlace): void {
    this.#place = place;
    const ignored = (): void => undefined;
    for (const [publication, options] of this.#publications) {
      if (publication.closed) this.#publications.delete(publication);
      else
        this.#produce(options)
          .then((producer) => publication.moveTo(producer))
          .catch(ignored);
    }
    for (const subscription of this.#subscriptions) {
      this.#consume(subscription.dataProducerId)
        .then(({ consumer }) => subscription.moveTo(consumer))
        .catch(ignored);
    }
  }

  /** Back to a place that stands, after a move to another has failed. */
  moveBack(place: MediaPlace): void {
    this.#place = place;
  }

  consumerClosed(dataConsumerId: string): void {
    for (const one of this.#subscriptions) if (one.dataConsumerId === dataConsumerId) one.ended();
  }

  async #produce({ metadata, ...options }: PublishDataOptions): Promise<types.DataProducer> {
    const transport = await this.#place.dataTransport('send');
    return transport.produceData({ ...options, appData: metadata === undefined ? {} : { metadata } });
  }

  async #consume(dataProducerId: string): Promise<{ consumer: types.DataConsumer; peerId: string }> {
    const transport = await this.#place.dataTransport('recv');
    const fields = { dataProducerId, transportId: transport.id };
    const { dataConsumerId, peerId, ...channel } = await this.#signalling.request('consumeData', fields);
    return { consumer: await transport.consumeData({ ...channel, id: dataConsumerId }), peerId };
  }
}

function whenOpen(channel: types.DataProducer | types.DataConsumer): Promise<void> {
  if (channel.readyState === 'open') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new SluiceClientError('mediaFailed', 'The data channel closed unopened.'));
    if (channel.closed) return failed();
    // Both emit it; as a union their `on` has no signature in common.
    (channel as types.DataProducer).on('open', resolve);
    channel.observer.on('close', failed);
  });
}
