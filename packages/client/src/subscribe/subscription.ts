import type { ConsumerInfo, ConsumerLayers, MediaKind, MediaPath } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';

export interface SubscriptionEvents {
  /**
   * The same by another way is about to come: `trackChanged` follows when it is there, or nothing where it comes to
   * nothing. A page that plays it under the old picture from here on shows its first frame at once, and not when a new
   * video element has started.
   */
  trackComing: { track: MediaStreamTrack; previous: MediaStreamTrack };
  /**
   * The same camera or microphone by another way: the publisher's media moved, or our own. The new track has frames
   * already, and the old one lives for another second, so that the change need not be seen.
   */
  trackChanged: { track: MediaStreamTrack; previous: MediaStreamTrack };
  /** The layers that the node sends now, null while it sends none. */
  layersChanged: ConsumerLayers | null;
  /** How well the track arrives, 0–10, by the node's count of lost packets. */
  scoreChanged: number;
  /** Why it ended: `unsubscribed`, `left`, `mediaFailed`, or the server's word. */
  closed: string;
}

/** How the track comes at the moment. */
interface Way {
  info: ConsumerInfo;
  consumer: types.Consumer;
}

/**
 * Another peer's track, as this client receives it. It outlives consumers and producers: both are made anew by a move.
 */
export class Subscription {
  readonly peerId: string;
  readonly kind: MediaKind;
  readonly source: string | undefined;
  readonly #signalling: Signalling;
  readonly #emitter = new Emitter<SubscriptionEvents>();
  readonly #all = new Set<Way>();
  #way: Way;
  #coming = 0;
  /** Counts the ways, so that an older one that comes late takes nothing over. */
  #newest = 0;
  #shown = 0;
  /** Its last frame stands although its consumer is gone; with a timer, because its producer is gone. */
  #held: { timer?: ReturnType<typeof setTimeout> } | undefined;
  #preferredLayers: ConsumerLayers | undefined;
  #paused = false;
  #closed = false;

  /** Made by `room.subscribe`. */
  constructor(signalling: Signalling, info: ConsumerInfo, consumer: types.Consumer, source: string | undefined) {
    this.#signalling = signalling;
    this.peerId = info.peerId;
    this.kind = info.kind;
    this.source = source;
    this.#way = this.#add({ info, consumer });
  }

  get consumerId(): string {
    return this.#way.info.id;
  }

  get producerId(): string {
    return this.#way.info.producerId;
  }

  /** Whether it came from the router where it was produced, by a pipe within the node, or from another node. */
  get path(): MediaPath {
    return this.#way.info.path;
  }

  /** `simulcast` and `svc` have layers to choose from. */
  get type(): ConsumerInfo['type'] {
    return this.#way.info.type;
  }

  get track(): MediaStreamTrack {
    return this.#way.consumer.track;
  }

  /** The producer was lost, and its last frame stands until its successor comes, for ten seconds at most. */
  get awaitsSuccessor(): boolean {
    return this.#held?.timer !== undefined;
  }

  /** Whether a consumer is there, whatever comes by it. For the room. */
  get stands(): boolean {
    return !this.#way.consumer.closed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get closed(): boolean {
    return this.#closed;
  }

  on<T extends keyof SubscriptionEvents>(type: T, listener: (value: SubscriptionEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** The highest layers wanted; the node sends less when the way to this client is narrow. */
  async setPreferredLayers(layers: ConsumerLayers): Promise<void> {
    this.#preferredLayers = layers;
    await this.#signalling.request('setPreferredLayers', { consumerId: this.consumerId, ...layers });
  }

  /** The node stops sending; `resume` goes on with a key frame. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#signalling.request('pauseConsumer', { consumerId: this.consumerId });
  }

  async resume(): Promise<void> {
    this.#paused = false;
    await this.#signalling.request('resumeConsumer', { consumerId: this.consumerId });
  }

  /** The browser's figures of its receiver. */
  getStats(): Promise<RTCStatsReport> {
    if (this.#closed) throw new SluiceClientError('closed', 'This track is no longer subscribed to.');
    return this.#way.consumer.getStats();
  }

  /** Resolves when the node has heard; here it is over at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const consumerIds = [...this.#all].map(({ info }) => info.id);
    this.ended('unsubscribed');
    await this.#signalling.request('closeConsumer', { consumerIds });
  }

  /** A consumer that was asked for anew knows nothing of what was chosen before. For the room. */
  async repeatPreferredLayers(): Promise<void> {
    if (this.#closed || !this.#preferredLayers) return;
    await this.setPreferredLayers(this.#preferredLayers).catch(() => undefined);
  }

  /** The server has closed it, or knows. For the room. */
  ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.release();
    for (const { consumer } of this.#all) consumer.close();
    this.#emitter.emit('closed', reason);
    this.#emitter.clear();
  }

  /**
   * Another consumer of the same source: shown instead of the one before when `arrival` says that there is something to
   * see. Resolves when that is done. For the room.
   */
  async changeTo(info: ConsumerInfo, consumer: types.Consumer, arrival: () => Promise<void>): Promise<void> {
    if (this.#closed) return consumer.close();
    const turn = ++this.#newest;
    const way = this.#add({ info, consumer });
    this.#coming++;
    this.#emitter.emit('trackComing', { track: consumer.track, previous: this.track });
    await arrival();
    this.#coming--;
    if (this.closed) return;
    if (consumer.closed || turn < this.#shown) return this.#drop(way);
    this.#shown = turn;
    this.#show(way);
  }

  /** The ways before the present one, by their consumers' ids: the code that changed it closes them. For the room. */
  dropPrevious(): string[] {
    const previous = [...this.#all].filter((way) => way !== this.#way && this.#coming === 0);
    for (const way of previous) this.#drop(way);
    return previous.map(({ info }) => info.id);
  }

  /** The producer is lost: the last frame stays this long for its successor. For the room. */
  awaitSuccessor(forMs: number): void {
    if (this.#closed || this.#held?.timer) return;
    this.#held = { timer: setTimeout(() => this.ended('producerClosed'), forMs) };
  }

  /** Its consumer is gone, or about to be, and its producer lives: the last frame stays until the next consumer. For the room. */
  hold(): void {
    this.#held ??= {};
  }

  /** What is shown is alive. For the room. */
  release(): void {
    clearTimeout(this.#held?.timer);
    this.#held = undefined;
  }

  /** One of its consumers is closed at the node. For the room. */
  consumerEnded(consumerId: string, reason: string): void {
    if (consumerId === this.consumerId) {
      return this.ended(reason);
    }
    for (const way of [...this.#all]) if (way.info.id === consumerId) this.#drop(way);
  }

  /** For the room. */
  layersChanged(layers: ConsumerLayers | null): void {
    this.#emitter.emit('layersChanged', layers);
  }

  /** For the room. */
  scoreChanged(score: number): void {
    this.#emitter.emit('scoreChanged', score);
  }

  #add(way: Way): Way {
    this.#all.add(way);
    way.consumer.on('transportclose', () => this.#broken(way));
    return way;
  }

  #show(way: Way): void {
    const previous = this.track;
    this.release();
    this.#way = way;
    this.#emitter.emit('trackChanged', { track: this.track, previous });
  }

  /** Its transport has ended. Back to a way that still stands, if there is one; else the subscriber fetches another. */
  #broken(way: Way): void {
    if (way !== this.#way) return this.#drop(way);
    if (this.#closed || this.#coming > 0 || this.#held) return;
    const standing = [...this.#all].findLast(({ consumer }) => !consumer.closed);
    if (standing) this.#show(standing);
    else this.hold();
  }

  #drop(way: Way): void {
    this.#all.delete(way);
    way.consumer.close();
  }
}
