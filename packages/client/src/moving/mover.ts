import type { MoveEvent } from '@sluice/shared/protocol';
import type { DataChannels } from '../data/data-channels.ts';
import { SluiceClientError } from '../base/errors.ts';
import { MediaPlace, type PlaceParameters } from '../media/media-place.ts';
import type { Publisher } from '../publish/publisher.ts';
import { retry } from '../base/retry.ts';
import { Renewal, type RenewalOptions } from './renewal.ts';
import { insist, type Signalling } from '../line/signalling.ts';
import type { Subscriber } from '../subscribe/subscriber.ts';

export interface MoverOptions {
  signalling: Signalling;
  /** Where the peer's media is at first. */
  place: MediaPlace;
  iceServers: RTCIceServer[];
  handlerFactory?: PlaceParameters['handlerFactory'];
  publisher: Publisher;
  subscriber: Subscriber;
  data: DataChannels;
  emitter: RenewalOptions['emitter'];
  /** A move that failed. */
  onError: (error: SluiceClientError) => void;
  /** For tests: a place without a browser. */
  createPlace?: (signalling: Signalling, parameters: PlaceParameters) => MediaPlace;
}

/**
 * How long a publisher sends by both places when nothing presses, in ms: until its viewers have a key frame and a steady
 * picture from the new one. Longer costs a slow uplink twice the bitrate for longer.
 */
const overlapMs = 2500;

/**
 * When nothing presses, what we watch comes first, and what we send this many ms later at most: to build both at once
 * keeps a small device's decoders waiting.
 */
const staggerMs = 1500;

/** `moved` is said again after 0.25, 0.5, 1 and 2 s. */
const pace = { firstMs: 250, mostMs: 2000, attempts: 5 };

/**
 * Takes this peer's media to another place when the server says so: the new one is built beside the old, and the old one
 * goes when the new one stands. One that fails leaves everything as it was, as far as that lives.
 */
export class Mover {
  readonly #options: MoverOptions;
  readonly #renewal: Renewal;
  /** Whatever may carry something, the present one last. */
  readonly #places: MediaPlace[] = [];
  #place: MediaPlace;
  /** The last move, by the id of its sending transport: it may be said again. */
  #latest: { id: string; stands: boolean } | undefined;
  #closed = false;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#renewal = new Renewal(options);
    this.#place = options.place;
    this.#enter(options.place);
  }

  get place(): MediaPlace {
    return this.#place;
  }

  /** Another one overtakes the first; the same again changes nothing. Never rejects. */
  async move(event: MoveEvent): Promise<void> {
    const { id } = event.producerTransport;
    if (this.#latest?.id === id) return this.#sayAgain(this.#latest);
    this.#latest = { id, stands: false };
    const { signalling, iceServers, handlerFactory, createPlace = newPlace } = this.#options;
    const before = this.#place;
    before.unwatch();
    const next = createPlace(signalling, { ...event, iceServers, handlerFactory, before });
    this.#enter(next);
    try {
      await this.#goTo(next, event);
      if (this.#isOvertaken(next)) return;
      this.#renewal.settle();
      this.#latest.stands = true;
      await this.#sayMoved();
      if (!this.#isOvertaken(next)) this.#leaveAllBut(next);
    } catch (error) {
      if (this.#isOvertaken(next)) return;
      if (event.deadlineMs === 0) await this.#goOn(next, error);
      else this.#goBack(before, next, error);
    }
  }

  /** A node too busy to hear it now is told again: it repeats the notice, and counts the move as failed in the end. */
  async #sayMoved(): Promise<void> {
    const { signalling } = this.#options;
    await retry(() => insist(() => signalling.request('moved', {})), pace);
  }

  /** After a loss there is no place to go back to: what could not be made at the new one is made anew there. */
  async #goOn(place: MediaPlace, cause: unknown): Promise<void> {
    this.#options.onError(SluiceClientError.from(cause, 'mediaFailed'));
    this.#leaveAllBut(place);
    this.#renewal.watchAgain(place);
    if (!this.#latest || this.#latest.stands) return;
    this.#latest.stands = true;
    await this.#sayMoved().catch(() => undefined);
  }

  /** The server does not know yet that we stand; while we are on our way there is nothing to say. */
  async #sayAgain({ stands }: { stands: boolean }): Promise<void> {
    if (stands) await this.#options.signalling.request('moved', {}).catch(() => undefined);
  }

  transportClosed(transportId: string, reason: string): void {
    for (const place of this.#places) place.transportClosed(transportId, reason);
  }

  /** Something outside says that the network may have changed. */
  check(): void {
    this.#place.check();
    this.#renewal.tryNow();
  }

  close(): void {
    this.#closed = true;
    this.#renewal.close();
    for (const place of this.#places.splice(0)) place.close();
  }

  #enter(place: MediaPlace): void {
    this.#place = place;
    this.#places.push(place);
    this.#renewal.watch(place);
  }

  async #goTo(place: MediaPlace, { deadlineMs, consumers }: MoveEvent): Promise<void> {
    const { publisher, subscriber, data } = this.#options;
    const lost = deadlineMs === 0;
    const sends = publisher.publications.size > 0;
    data.move(place);
    const subscribed = subscriber.move(place, consumers, { lost });
    const published = lost ? publisher.move(place, { lost }) : this.#publishAfter(subscribed, place);
    await Promise.all([subscribed, published]);
    // After a loss there is nothing left to overlap with.
    if (sends && !lost) await pause(Math.min(overlapMs, deadlineMs / 2));
  }

  async #publishAfter(subscribed: Promise<void>, place: MediaPlace): Promise<void> {
    await Promise.race([subscribed.catch(() => undefined), pause(staggerMs)]);
    if (!this.#isOvertaken(place)) await this.#options.publisher.move(place, { lost: false });
  }

  #isOvertaken(place: MediaPlace): boolean {
    return this.#closed || this.#place !== place;
  }

  #leaveAllBut(place: MediaPlace): void {
    for (const old of this.#places.splice(0)) if (old !== place) old.leave();
    this.#places.push(place);
  }

  #goBack(before: MediaPlace, failed: MediaPlace, error: unknown): void {
    const { publisher, subscriber, data, onError } = this.#options;
    this.#place = before;
    this.#latest = undefined;
    publisher.moveBack(before);
    subscriber.moveBack(before);
    data.moveBack(before);
    this.#places.splice(this.#places.indexOf(failed), 1);
    failed.leave();
    before.watchAgain();
    this.#renewal.watchAgain(before);
    onError(SluiceClientError.from(error, 'mediaFailed'));
  }
}

const newPlace = (signalling: Signalling, parameters: PlaceParameters): MediaPlace =>
  new MediaPlace(signalling, parameters);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
