import type { ConsumerInfo, ConsumerLayers, MediaKind, MediaPath } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Connection } from './connection.ts';
import { Emitter, type Off } from './emitter.ts';
import { SluiceClientError } from './errors.ts';

export interface SubscriptionEvents {
  /** The layers that the node sends now, null while it sends none. */
  layersChanged: ConsumerLayers | null;
  /** How well the track arrives, 0–10, by the node's count of lost packets. */
  scoreChanged: number;
  /** Why it ended: `unsubscribed`, `left`, `mediaFailed`, or the server's word. */
  closed: string;
}

/** Somebody's track, as this client receives it. */
export class Subscription {
  readonly consumerId: string;
  readonly producerId: string;
  readonly peerId: string;
  readonly kind: MediaKind;
  /** Whether it came from the router where it was produced, by a pipe within the node, or from another node. */
  readonly path: MediaPath;
  /** `simulcast` and `svc` have layers to choose from. */
  readonly type: ConsumerInfo['type'];
  readonly source: string | undefined;
  readonly #connection: Connection;
  readonly #consumer: types.Consumer;
  readonly #emitter = new Emitter<SubscriptionEvents>();
  #closed = false;

  /** Made by `room.subscribe`. */
  constructor(connection: Connection, info: ConsumerInfo, consumer: types.Consumer, source: string | undefined) {
    this.#connection = connection;
    this.#consumer = consumer;
    this.consumerId = info.id;
    this.producerId = info.producerId;
    this.peerId = info.peerId;
    this.kind = info.kind;
    this.path = info.path;
    this.type = info.type;
    this.source = source;
    consumer.on('transportclose', () => this.ended('mediaFailed'));
  }

  get track(): MediaStreamTrack {
    return this.#consumer.track;
  }

  get closed(): boolean {
    return this.#closed;
  }

  on<T extends keyof SubscriptionEvents>(type: T, listener: (value: SubscriptionEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** The highest layers wanted; the node sends less when the way to this client is narrow. */
  async setPreferredLayers(layers: ConsumerLayers): Promise<void> {
    await this.#connection.request('setPreferredLayers', { consumerId: this.consumerId, ...layers });
  }

  /** The node stops sending; `resume` goes on with a key frame. */
  async pause(): Promise<void> {
    await this.#connection.request('pauseConsumer', { consumerId: this.consumerId });
  }

  async resume(): Promise<void> {
    await this.#connection.request('resumeConsumer', { consumerId: this.consumerId });
  }

  /** The browser's figures of its receiver. */
  getStats(): Promise<RTCStatsReport> {
    if (this.#closed) throw new SluiceClientError('closed', 'This track is no longer subscribed to.');
    return this.#consumer.getStats();
  }

  /** Resolves when the node has heard; here it is over at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.ended('unsubscribed');
    await this.#connection.request('closeConsumer', { consumerId: this.consumerId });
  }

  /** The server has closed it, or knows. For the room. */
  ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#consumer.close();
    this.#emitter.emit('closed', reason);
    this.#emitter.clear();
  }

  /** For the room. */
  layersChanged(layers: ConsumerLayers | null): void {
    this.#emitter.emit('layersChanged', layers);
  }

  /** For the room. */
  scoreChanged(score: number): void {
    this.#emitter.emit('scoreChanged', score);
  }
}
