import type { Json } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Connection } from './connection.ts';
import { Emitter, type Off } from './emitter.ts';
import { SluiceClientError } from './errors.ts';
import type { MediaPlace } from './media-place.ts';

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

/** A data channel of ours, out to everyone who subscribes to it. */
export class DataPublication {
  readonly #connection: Connection;
  readonly #producer: types.DataProducer;

  constructor(connection: Connection, producer: types.DataProducer) {
    this.#connection = connection;
    this.#producer = producer;
  }

  get dataProducerId(): string {
    return this.#producer.id;
  }

  /** Throws `closed` before the channel is open and after its end. */
  send(payload: DataPayload): void {
    if (this.#producer.readyState !== 'open') throw new SluiceClientError('closed', 'The data channel is not open.');
    this.#producer.send(payload);
  }

  /** Resolves when the channel is open; rejects with `mediaFailed` when it closes instead. */
  opened(): Promise<void> {
    return whenOpen(this.#producer);
  }

  async close(): Promise<void> {
    if (this.#producer.closed) return;
    this.#producer.close();
    await this.#connection.request('closeDataProducer', { dataProducerId: this.dataProducerId });
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
  readonly #connection: Connection;
  readonly #consumer: types.DataConsumer;
  readonly #emitter = new Emitter<DataSubscriptionEvents>();

  constructor(connection: Connection, consumer: types.DataConsumer, peerId: string) {
    this.#connection = connection;
    this.#consumer = consumer;
    this.peerId = peerId;
    this.label = consumer.label;
    this.protocol = consumer.protocol;
    consumer.binaryType = 'arraybuffer';
    consumer.on('message', (payload: string | ArrayBuffer) => this.#emitter.emit('message', payload));
    consumer.observer.on('close', () => this.#emitter.emit('closed', undefined));
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

  async close(): Promise<void> {
    if (this.#consumer.closed) return;
    this.ended();
    await this.#connection.request('closeDataConsumer', { dataConsumerId: this.dataConsumerId });
  }

  /** The server has closed it. For the room. */
  ended(): void {
    this.#consumer.close();
  }
}

/** The data channels of a room, by way of one place. */
export class DataChannels {
  readonly #connection: Connection;
  readonly #place: MediaPlace;
  readonly #subscriptions = new Map<string, DataSubscription>();

  constructor(connection: Connection, place: MediaPlace) {
    this.#connection = connection;
    this.#place = place;
  }

  async publish({ metadata, ...options }: PublishDataOptions): Promise<DataPublication> {
    try {
      const transport = await this.#place.dataTransport('send');
      const appData = metadata === undefined ? {} : { metadata };
      return new DataPublication(this.#connection, await transport.produceData({ ...options, appData }));
    } catch (error) {
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  async subscribe(dataProducerId: string): Promise<DataSubscription> {
    try {
      const transport = await this.#place.dataTransport('recv');
      const fields = { dataProducerId, transportId: transport.id };
      const { dataConsumerId, peerId, ...channel } = await this.#connection.request('consumeData', fields);
      const consumer = await transport.consumeData({ ...channel, id: dataConsumerId });
      const subscription = new DataSubscription(this.#connection, consumer, peerId);
      this.#subscriptions.set(subscription.dataConsumerId, subscription);
      subscription.on('closed', () => this.#subscriptions.delete(subscription.dataConsumerId));
      return subscription;
    } catch (error) {
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  consumerClosed(dataConsumerId: string): void {
    this.#subscriptions.get(dataConsumerId)?.ended();
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
