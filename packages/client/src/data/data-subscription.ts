import type { types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import type { Signalling } from '../line/signalling.ts';
import { whenOpen } from './when-open.ts';

export interface DataSubscriptionEvents {
  message: string | ArrayBuffer;
  closed: undefined;
}

/** Another peer's data channel, as this client receives it. Binary messages come as ArrayBuffers. */
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

  /** False while its transport is lost and another is made. For the room. */
  get stands(): boolean {
    return !this.#consumer.closed;
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
    // Not where its transport is lost: then it is opened again.
    consumer.on('close', () => {
      if (consumer === this.#consumer) this.ended();
    });
  }
}
