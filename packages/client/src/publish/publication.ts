import type { MediaKind } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import { insist, type Signalling } from '../line/signalling.ts';

/** `trackEnded`: a device was unplugged or sharing ended; `byServer`: a moderator, or the room's end. */
export type PublicationEnd = 'unpublished' | 'trackEnded' | 'byServer' | 'mediaFailed' | 'left';

export interface PublicationEvents {
  /** Paused or resumed. */
  changed: undefined;
  /** The highest layer that any viewer wants, −1 for none: higher ones are not encoded. */
  demand: number;
  closed: PublicationEnd;
}

/** Produces a publication's track at another place, in its present state. */
export type ProduceAgain = (publication: Publication) => Promise<Announced>;

/** A producer, and whether the room was told that it is paused. */
export interface Announced {
  producer: types.Producer;
  paused: boolean;
}

/**
 * A track of ours in the room. It belongs to the caller: closing a publication never stops the track. A publication
 * outlives its producer: a move produces the same track again elsewhere.
 */
export class Publication {
  readonly kind: MediaKind;
  readonly source: string | undefined;
  readonly #signalling: Signalling;
  readonly #emitter = new Emitter<PublicationEvents>();
  /** The one that counts is the last; those before it send until their place is closed. */
  readonly #producers: types.Producer[] = [];
  #track: MediaStreamTrack;
  #demand: Promise<void> = Promise.resolve();
  #paused: boolean;
  /** What the room was last told of the present producer. */
  #toldPaused = false;
  #telling: Promise<void> | undefined;
  #closed = false;
  /** One at a time, so that each names the one before as what it replaces. */
  #moving: Promise<void> = Promise.resolve();

  /** Made by `room.publish`. */
  constructor(signalling: Signalling, announced: Announced, track: MediaStreamTrack, source: string | undefined) {
    this.#signalling = signalling;
    this.#track = track;
    // The track may have been switched since it was announced.
    this.#paused = !track.enabled;
    this.kind = announced.producer.kind;
    this.source = source;
    this.#add(announced);
  }

  get producerId(): string {
    return this.#producer.id;
  }

  get track(): MediaStreamTrack {
    return this.#track;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the track goes out: false while its transport is lost and another is made. For the room. */
  get stands(): boolean {
    return !this.#producer.closed;
  }

  on<T extends keyof PublicationEvents>(type: T, listener: (value: PublicationEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** Nothing of the track leaves this device from here on (`track.enabled` is false); the others are told. */
  pause(): Promise<void> {
    return this.#setPaused(true);
  }

  resume(): Promise<void> {
    return this.#setPaused(false);
  }

  /** Sends another track of the same kind in its place, unnoticed by the others. The old one is not stopped. */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    this.#throwIfClosed();
    track.enabled = !this.#paused;
    const before = this.#track;
    const producer = this.#producer;
    // Known at once: a producer that is made meanwhile takes this one.
    this.#track = track;
    try {
      if (!producer.closed) await producer.replaceTrack({ track });
    } catch (error) {
      if (producer.closed || producer !== this.#producer) return;
      if (this.track === track) this.#track = before;
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  /** The browser's figures of its sender. */
  getStats(): Promise<RTCStatsReport> {
    this.#throwIfClosed();
    return this.#producer.getStats();
  }

  /** Takes the track out of the room. Resolves when the server has heard; here it is over at once. */
  async close(reason: PublicationEnd = 'unpublished'): Promise<void> {
    if (this.#closed) return;
    const { producerId } = this;
    this.ended(reason);
    await this.#signalling.request('closeProducer', { producerId });
  }

  /** The server has closed it, or knows. For the room. */
  ended(reason: PublicationEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const producer of this.#producers) producer.close();
    this.#emitter.emit('closed', reason);
    this.#emitter.clear();
  }

  /**
   * Encodes up to `maxSpatialLayer`, −1 for nothing at all. One after the other: mediasoup-client takes a change back
   * to what it was for no change while the one between is under way, and would stay there. For the room.
   */
  applyDemand(maxSpatialLayer: number): Promise<void> {
    const apply = async (): Promise<void> => {
      if (this.#closed || !this.stands || this.kind !== 'video') return;
      await this.#producer.setMaxSpatialLayer(maxSpatialLayer);
      this.#emitter.emit('demand', maxSpatialLayer);
    };
    // A browser that refuses a change goes on as it was, and takes the next one.
    this.#demand = this.#demand.then(apply).catch(() => undefined);
    return this.#demand;
  }

  /** Sends by another producer from here on. The one before goes on until its place is closed. For the room. */
  move(produceAgain: ProduceAgain): Promise<void> {
    const moving = this.#moving.then(() => this.#move(produceAgain));
    this.#moving = moving.catch(() => undefined);
    return moving;
  }

  get #producer(): types.Producer {
    // There is one from the start, and the last is never taken out.
    return this.#producers.at(-1) as types.Producer;
  }

  async #move(produceAgain: ProduceAgain): Promise<void> {
    if (this.#closed) return;
    const announced = await produceAgain(this);
    const { producer } = announced;
    if (this.closed) {
      producer.close();
      await this.#signalling.request('closeProducer', { producerId: producer.id });
      return;
    }
    this.#add(announced);
    if (producer.track !== this.#track) await producer.replaceTrack({ track: this.#track });
    await this.#tellPaused();
  }

  #add({ producer, paused }: Announced): void {
    this.#producers.push(producer);
    this.#toldPaused = paused;
    // What is still being told of the one before keeps this one from nothing.
    this.#telling = undefined;
    // A pause that can't be told now is told with the next change.
    this.#tellPaused().catch(() => undefined);
    producer.on('trackended', () => {
      if (producer === this.#producer) void this.close('trackEnded').catch(() => undefined);
    });
    producer.on('transportclose', () => this.#dropBroken());
  }

  /** A transport has ended. Back to a producer that still stands, if there is one; else the publisher makes another. */
  #dropBroken(): void {
    const standing = this.#producers.filter(({ closed }) => !closed);
    if (standing.length > 0) this.#producers.splice(0, this.#producers.length, ...standing);
  }

  async #setPaused(paused: boolean): Promise<void> {
    this.#throwIfClosed();
    // Done here and not by mediasoup-client: during a move two producers share the track, and its switch knows of one.
    this.#track.enabled = !paused;
    if (this.#paused !== paused) {
      this.#paused = paused;
      this.#emitter.emit('changed', undefined);
    }
    await this.#tellPaused();
  }

  /** Tells the room until it knows what is so now. One that is lost needs no word: its successor comes with it. */
  #tellPaused(): Promise<void> {
    if (this.#telling) return this.#telling;
    const telling = this.#tellUntilKnown(this.#producer).finally(() => {
      if (this.#telling === telling) this.#telling = undefined;
    });
    this.#telling = telling;
    return telling;
  }

  async #tellUntilKnown(producer: types.Producer): Promise<void> {
    const { id: producerId } = producer;
    const isPresent = (): boolean => !this.#closed && !producer.closed && producer === this.#producer;
    while (isPresent() && this.#toldPaused !== this.#paused) {
      const paused = this.#paused;
      await insist(() => this.#signalling.request(paused ? 'pauseProducer' : 'resumeProducer', { producerId }));
      if (isPresent()) this.#toldPaused = paused;
    }
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new SluiceClientError('closed', 'This track is no longer published.');
  }
}
