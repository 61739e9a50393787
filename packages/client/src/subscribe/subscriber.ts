import type { ConsumerInfo, ConsumerLayers, ReplacingConsumer } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { deferred } from '../base/deferred.ts';
import { type Arrival, whenArrived } from '../media/arrival.ts';
import { byTransport } from '../media/by-transport.ts';
import { buildConsumers, type Consumed } from '../media/building.ts';
import { type ClientErrorCode, SluiceClientError } from '../base/errors.ts';
import type { MediaPlace, MoveManner } from '../media/media-place.ts';
import { resumeAll } from './resume-consumers.ts';
import type { Signalling } from '../line/signalling.ts';
import { Subscription } from './subscription.ts';
import { Successions } from './successions.ts';
import { toWireCapabilities } from '../media/wire.ts';

interface Wanted {
  source: string | undefined;
  resolve: (subscription: Subscription) => void;
  reject: (error: SluiceClientError) => void;
}

/** The server takes no more in one `consume`. */
const batchLimit = 256;
/** Refusals that asking again won't change; a pipe that could not be made, or a node too busy, will pass. */
const finalRefusals = new Set(['producerNotFound', 'cannotConsume', 'forbidden', 'limitExceeded', 'badRequest']);

/**
 * Gets tracks out of the room by way of one place at a time. What is wanted in one tick goes out in one `consume`,
 * comes back as one set of consumers, is one offer and answer in the browser, and is resumed with one action.
 */
export class Subscriber {
  readonly #signalling: Signalling;
  readonly #wanted = new Map<string, Wanted>();
  readonly #asked = new Map<string, Promise<Subscription>>();
  readonly #subscriptions = new Set<Subscription>();
  /** Consumers that the browser is still building, and what ended them meanwhile. */
  readonly #building = new Map<string, { producerId: string; ended?: string; gone?: boolean }>();
  readonly #successions: Successions;
  #place: MediaPlace;
  #capabilitiesKnown = false;

  constructor(signalling: Signalling, place: MediaPlace, arrival: Arrival = whenArrived) {
    this.#signalling = signalling;
    this.#place = place;
    this.#successions = new Successions({
      signalling,
      arrival,
      all: () => this.#subscriptions,
      recv: () => this.#recv(),
      consume: (producerIds) => this.#askAgain(producerIds),
    });
  }

  /** By consumer id. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return new Map([...this.#subscriptions].map((subscription) => [subscription.consumerId, subscription]));
  }

  /** The same promise while a producer is subscribed to. Rejects with the server's code for this producer. */
  subscribe(producerId: string, source: string | undefined): Promise<Subscription> {
    const known = this.#asked.get(producerId);
    if (known) return known;
    const { promise, resolve, reject } = deferred<Subscription>();
    this.#asked.set(producerId, promise);
    const forget = (): void => this.#forget(promise);
    promise.then((subscription) => subscription.on('closed', forget), forget);
    if (this.#wanted.size === 0) queueMicrotask(() => this.#flush());
    this.#wanted.set(producerId, { source, resolve, reject });
    return promise;
  }

  /**
   * A producer stands in for another: a subscription to that one is, from here on, a subscription to this one. False
   * when there is none, or when it came to nothing.
   */
  async follow(replaced: string, successor: string): Promise<boolean> {
    const asked = this.#asked.get(replaced);
    if (!asked) return false;
    this.#asked.set(successor, asked);
    const subscription = await asked.catch(() => undefined);
    if (!subscription || subscription.closed) return false;
    this.#successions.expect(subscription, successor);
    return true;
  }

  /** A producer of this peer's that was lost, and which one like this must be the successor of. */
  awaited(peerId: string, { kind, source }: { kind: string; source?: string }): string | undefined {
    const isIt = (one: Subscription): boolean =>
      one.awaitsSuccessor && one.peerId === peerId && one.kind === kind && one.source === source;
    return [...this.#subscriptions].find(isIt)?.producerId;
  }

  consumerAdded(info: ConsumerInfo, replaces: string): Promise<void> {
    return this.#successions.added(info, replaces);
  }

  /** From here on everything goes by another place, where some of what is here is consumed already, or soon will be. */
  async move(
    place: MediaPlace,
    consumers: readonly ReplacingConsumer[] | undefined,
    manner: MoveManner,
  ): Promise<void> {
    this.#place = place;
    // A gateway that took us up without our node cannot have told the next one.
    this.#capabilitiesKnown = false;
    await (consumers ? this.#successions.moved(consumers, manner) : this.#successions.movedAhead());
  }

  /** Back to a place that stands, after a move to another has failed. */
  moveBack(place: MediaPlace): void {
    this.#place = place;
  }

  /** What was lost with its transport comes by the next one. */
  renew(place: MediaPlace): void {
    if (place === this.#place) this.#successions.renew();
  }

  consumerClosed(consumerId: string, reason: string): void {
    const building = this.#building.get(consumerId);
    if (building) building.ended = reason;
    this.#successions.consumerClosed(consumerId, reason);
  }

  /** The room's word for it, in case the node's own about the consumer was lost. */
  producerClosed(producerId: string, { lost = false } = {}): void {
    for (const one of this.#building.values()) if (one.producerId === producerId && !lost) one.gone = true;
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.producerId === producerId) this.#successions.producerClosed(subscription, lost);
    }
  }

  layersChanged(consumerId: string, layers: ConsumerLayers | null): void {
    this.#current(consumerId)?.layersChanged(layers);
  }

  scoreChanged(consumerId: string, score: number): void {
    this.#current(consumerId)?.scoreChanged(score);
  }

  closeAll(reason: string): void {
    for (const subscription of this.#subscriptions) subscription.ended(reason);
  }

  #current(consumerId: string): Subscription | undefined {
    return [...this.#subscriptions].find((subscription) => subscription.consumerId === consumerId);
  }

  #forget(asked: Promise<Subscription>): void {
    for (const [producerId, promise] of this.#asked) if (promise === asked) this.#asked.delete(producerId);
  }

  #flush(): void {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (let start = 0; start < wanted.length; start += batchLimit) {
      const batch = new Map(wanted.slice(start, start + batchLimit));
      this.#consume(batch).catch((error: unknown) => {
        for (const { reject } of batch.values()) reject(SluiceClientError.from(error, 'mediaFailed'));
      });
    }
  }

  async #consume(batch: Map<string, Wanted>): Promise<void> {
    const place = this.#place;
    try {
      await this.#consumeHere(batch);
    } catch (error) {
      // Asked of a place that was left meanwhile.
      if (place === this.#place) throw error;
      await this.#consumeHere(batch);
    }
  }

  async #consumeHere(batch: Map<string, Wanted>): Promise<void> {
    const place = this.#place;
    const { transport, consumers, failed } = await this.#ask([...batch.keys()]);
    for (const { producerId, code } of failed) batch.get(producerId)?.reject(refusal(code));
    const opened = await this.#build(transport, consumers, batch);
    for (const subscription of opened) batch.get(subscription.producerId)?.resolve(subscription);
    if (place !== this.#place) return this.#successions.leftBehind(opened);
    // Only now: the first key frame must find its receiver built.
    await resumeAll(this.#signalling, opened);
  }

  /** Where this peer's media is when it is there: it may have moved meanwhile. */
  async #recv(): Promise<types.Transport> {
    for (;;) {
      const place = this.#place;
      try {
        const transport = await place.transport('recv');
        if (place === this.#place) return transport;
      } catch (error) {
        if (place === this.#place) throw error;
      }
    }
  }

  /** A refused transport says nothing of these tracks: they may be had later. */
  async #askAgain(producerIds: string[]): Promise<Consumed> {
    await this.#place.transport('recv').catch((error: unknown) => {
      throw SluiceClientError.from(error, 'mediaFailed').asTemporary();
    });
    return this.#ask(producerIds);
  }

  async #ask(producerIds: string[]): Promise<Consumed> {
    const place = this.#place;
    return byTransport(place, { direction: 'recv' }, async (transport) => {
      const { recvRtpCapabilities } = await place.device();
      const { consumers, failed } = await this.#signalling.request('consume', {
        producerIds,
        transportId: transport.id,
        ...(!this.#capabilitiesKnown && { rtpCapabilities: toWireCapabilities(recvRtpCapabilities) }),
      });
      if (place === this.#place) this.#capabilitiesKnown = true;
      return { transport, consumers, failed };
    });
  }

  async #build(transport: types.Transport, infos: ConsumerInfo[], batch: Map<string, Wanted>): Promise<Subscription[]> {
    for (const { id, producerId } of infos) this.#building.set(id, { producerId });
    const sourceOf = ({ producerId }: ConsumerInfo): string | undefined => batch.get(producerId)?.source;
    try {
      const { built, refused } = await buildConsumers(transport, infos, sourceOf);
      for (const { info, error } of refused) this.#giveBack(info, error, batch);
      return built.map(({ info, consumer }) => this.#add(info, consumer, sourceOf(info)));
    } finally {
      for (const { id } of infos) {
        const { ended, gone } = this.#building.get(id) ?? {};
        this.#building.delete(id);
        if (gone) this.#current(id)?.ended('producerClosed');
        else if (ended !== undefined) this.#successions.consumerClosed(id, ended);
      }
    }
  }

  /** The browser cannot take it. */
  #giveBack({ id, producerId }: ConsumerInfo, error: SluiceClientError, batch: Map<string, Wanted>): void {
    this.#signalling.request('closeConsumer', { consumerId: id }).catch(() => undefined);
    batch.get(producerId)?.reject(error);
  }

  #add(info: ConsumerInfo, consumer: types.Consumer, source: string | undefined): Subscription {
    const subscription = new Subscription(this.#signalling, info, consumer, source);
    this.#subscriptions.add(subscription);
    subscription.on('closed', () => this.#subscriptions.delete(subscription));
    return subscription;
  }
}

function refusal(code: string): SluiceClientError {
  const options = { temporary: !finalRefusals.has(code) };
  return new SluiceClientError(code as ClientErrorCode, `The server refused this track (${code}).`, options);
}
