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
  /** What nobody watches is not encoded: the highest layer that anybody wants, −1 for none. */
  demand: number;
  closed: PublicationEnd;
}

/** Produces a publication's track at another place, in its present state. */
export type ProduceAgain = (publication: Publication) => Promise<types.Producer>;

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
  #closed = false;
  /** One at a time, so that each names the one before as what it replaces. */
  #moving: Promise<void> = Promise.resolve();
  /** The producer is gone with its transport, and another is on its way. */
  #moves = 0;

  /** Made by `room.publish`. */
  constructor(signalling: Signalling, producer: types.Producer, track: MediaStreamTrack, source: string | undefined) {
    this.#signalling = signalling;
    this.#track = track;
    this.#paused = !track.enabled;
    this.kind = producer.kind;
    this.source = source;
    this.#add(producer);
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
    await this.#producer.replaceTrack({ track });
    this.#track = track;
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
   * Encodes up to `maxSpatialLayer`, −1 for nothing at all. One after the other: mediasoup-client takes a change back to
   * what it was for no change while the one between is under way, and would stay there. For the room.
   */
  applyDemand(maxSpatialLayer: number): Promise<void> {
    this.#demand = this.#demand.then(async () => {
      if (this.#closed || this.kind !== 'video') return;
      await this.#producer.setMaxSpatialLayer(maxSpatialLayer);
      this.#emitter.emit('demand', maxSpatialLayer);
    });
    return this.#demand;
  }

  /** Sends by another producer from here on. The one before goes on until its place is closed. For the room. */
  move(produceAgain: ProduceAgain): Promise<void> {
    this.#moves++;
    const moving = this.#moving.then(() => this.#move(produceAgain)).finally(() => this.#moves--);
    this.#moving = moving.catch(() => undefined);
    return moving;
  }

  get #producer(): types.Producer {
    // There is one from the start, and the last is never taken out.
    return this.#producers.at(-1) as types.Producer;
  }

  async #move(produceAgain: ProduceAgain): Promise<void> {
    if (this.#closed) return;
    const paused = this.#paused;
    const producer = await produceAgain(this);
    if (this.closed) {
      producer.close();
      await this.#signalling.request('closeProducer', { producerId: producer.id });
      return;
    }
    this.#add(producer);
    if (producer.track !== this.#track) await producer.replaceTrack({ track: this.#track });
    if (paused !== this.#paused) await this.#tellPaused();
  }

  #add(producer: types.Producer): void {
    this.#producers.push(producer);
    producer.on('trackended', () => {
      if (producer === this.#producer) void this.close('trackEnded').catch(() => undefined);
    });
    producer.on('transportclose', () => this.#broken(producer));
  }

  /** Its transport has ended. Back to a producer that still stands, if a move has failed half-way. */
  #broken(producer: types.Producer): void {
    if (this.#closed) return;
    const standing = this.#producers.filter(({ closed }) => !closed);
    if (standing.length > 0) this.#producers.splice(0, this.#producers.length, ...standing);
    else if (producer === this.#producer && this.#moves === 0) this.ended('mediaFailed');
  }

  async #setPaused(paused: boolean): Promise<void> {
    this.#throwIfClosed();
    if (this.#paused === paused) return;
    this.#paused = paused;
    // Done here and not by mediasoup-client: during a move two producers share the track, and its switch knows of one.
    this.#track.enabled = !paused;
    this.#emitter.emit('changed', undefined);
    await this.#tellPaused();
  }

  #tellPaused(): Promise<unknown> {
    const { producerId } = this;
    return insist(() => this.#signalling.request(this.#paused ? 'pauseProducer' : 'resumeProducer', { producerId }));
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new SluiceClientError('closed', 'This track is no longer published.');
  }
}
