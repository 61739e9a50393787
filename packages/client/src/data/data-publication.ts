import type { types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';
import { whenOpen } from './when-open.ts';

export type DataPayload = string | Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

export interface DataPublicationEvents {
  /** `mediaFailed`: it could not be opened again after a move or a lost transport. */
  closed: 'unpublished' | 'mediaFailed' | 'left';
}

/** A data channel of ours, out to everyone who subscribes to it. A move opens it anew elsewhere, under the same label. */
export class DataPublication {
  readonly #signalling: Signalling;
  readonly #emitter = new Emitter<DataPublicationEvents>();
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

  /** False while its transport is lost and another is made. For the room. */
  get stands(): boolean {
    return !this.#producer.closed;
  }

  on<T extends keyof DataPublicationEvents>(type: T, listener: (value: DataPublicationEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
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
    const { dataProducerId } = this;
    this.ended('unpublished');
    await this.#signalling.request('closeDataProducer', { dataProducerId });
  }

  /** For the room. */
  ended(reason: DataPublicationEvents['closed']): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#producer.close();
    this.#emitter.emit('closed', reason);
    this.#emitter.clear();
  }

  /** Goes out by another producer once that is open. For the room. */
  async moveTo(producer: types.DataProducer): Promise<void> {
    await whenOpen(producer);
    if (this.#closed) producer.close();
    else this.#producer = producer;
  }
}
