import type { ConsumerInfo, ReplacingConsumer } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import { deferred } from '../base/deferred.ts';
import { type ClientErrorCode, SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';
import type { Arrival } from '../media/arrival.ts';
import { type Built, buildConsumers, type Consumed } from '../media/building.ts';
import type { MoveManner } from '../media/media-place.ts';
import { Refetch } from './refetch.ts';
import { resumeConsumers } from './resume-consumers.ts';
import { Succession } from './succession.ts';
import type { Subscription } from './subscription.ts';

export interface SuccessionsOptions {
  signalling: Signalling;
  arrival: Arrival;
  all: () => Iterable<Subscription>;
  recv: () => Promise<types.Transport>;
  consume: (producerIds: string[]) => Promise<Consumed>;
}

interface Pair {
  info: ConsumerInfo;
  succession: Succession;
}

/**
 * A new simulcast consumer begins with few frames a second, until the node has measured its layers: about this long. Of
 * what is swapped sooner, one sees a stutter.
 */
const settleMs = 500;
/** How long the old track lives on beside the new one, for the page to change over. */
const overlapMs = 1000;
/** How long the last frame of a lost producer stands for its successor; the node's own limit. */
const lostGraceMs = 10_000;
/** The node brings a successor's consumer by itself. Past this its word was lost, with a gateway or a connection. */
const patienceMs = 2000;
/** How long after the node closed a consumer the room says that its producer is gone. They come by different ways. */
const roomsWordMs = 1000;

/** Keeps subscriptions alive while what they consist of is made anew elsewhere. */
export class Successions {
  readonly #options: SuccessionsOptions;
  readonly #successions = new Map<Subscription, Succession>();
  readonly #refetch: Refetch<Succession>;

  constructor(options: SuccessionsOptions) {
    this.#options = options;
    this.#refetch = new Refetch({
      fetch: (batch) => this.#fetch(batch),
      stillWanted: (succession) => succession.missing,
      onFailed: (succession, error) => this.#failed(succession, error),
    });
  }

  /** By a consumer that it shows, or will. */
  find(consumerId: string): Subscription | undefined {
    for (const subscription of this.#options.all()) if (subscription.consumerId === consumerId) return subscription;
    for (const { subscription, consumerIds } of this.#successions.values()) {
      if (consumerIds.has(consumerId)) return subscription;
    }
    return undefined;
  }

  /** A successor is there. The node sends a consumer of it, unless it has none of the one before. */
  expect(subscription: Subscription, successor: string): void {
    const succession = this.#of(subscription);
    if (succession.comesTo(successor)) return;
    succession.successor = successor;
    const { name } = succession.phase;
    if (name === 'missing') this.#refetch.want(succession);
    else if (name !== 'following')
      succession.enter({ name: 'awaiting', timer: this.#missAfter(succession, patienceMs) });
  }

  /** The room says that a producer is gone. `lost`: its peer will produce it again elsewhere, if it lives. */
  producerClosed(subscription: Subscription, lost: boolean): void {
    if (lost || this.#of(subscription).changesProducer) subscription.awaitSuccessor(lostGraceMs);
    else subscription.ended('producerClosed');
  }

  /** The node has closed a consumer. If the room doesn't say why, the producer lives, and is consumed again. */
  consumerClosed(consumerId: string, reason: string): void {
    const subscription = this.find(consumerId);
    if (!subscription) return;
    const succession = this.#of(subscription);
    if (subscription.consumerId !== consumerId) {
      succession.consumerIds.delete(consumerId);
      subscription.consumerEnded(consumerId, reason);
      return;
    }
    subscription.hold();
    if (!succession.underWay) succession.enter({ name: 'doubted', timer: this.#missAfter(succession, roomsWordMs) });
  }

  /** The node has made a consumer in another's place. */
  async added(info: ConsumerInfo, replaces: string): Promise<void> {
    const subscription = this.find(replaces);
    if (!subscription || subscription.closed) return this.#close([info.id]);
    const succession = this.#of(subscription);
    // The newest one went with its pipe, before or after it was shown; its producer stayed.
    const anew = succession.newestConsumerId === replaces;
    const coming = succession.comesTo(info.producerId);
    if (!anew && coming) return this.#close([info.id]);
    const lost = subscription.awaitsSuccessor || (anew && coming);
    try {
      await this.#bring(await this.#options.recv(), [{ info, succession }], { lost });
    } catch {
      this.leftBehind([subscription]);
    }
  }

  /** Everything goes by another place. What has no consumer there yet is fetched, or waits for its successor. */
  async moved(consumers: readonly ReplacingConsumer[], manner: MoveManner): Promise<void> {
    const wanted: Pair[] = [];
    const unwanted: string[] = [];
    for (const info of consumers) {
      const subscription = this.find(info.replaces);
      if (subscription?.closed === false) wanted.push({ info, succession: this.#of(subscription) });
      else unwanted.push(info.id);
    }
    // Known before it is built: another move may overtake this one, and name it.
    for (const { info, succession } of wanted) succession.consumerIds.add(info.id);
    if (unwanted.length > 0) void this.#close(unwanted);
    const covered = new Set(wanted.map(({ succession }) => succession.subscription));
    this.leftBehind([...this.#options.all()].filter((subscription) => !covered.has(subscription)));
    if (wanted.length > 0) await this.#bring(await this.#options.recv(), wanted, manner);
  }

  /** Everything goes by another place, and what is there for us comes one by one. What doesn't come is fetched. */
  async movedAhead(): Promise<void> {
    const all = [...this.#options.all()];
    // What they come by is built meanwhile; where it can't be, they will tell.
    if (all.length > 0) this.#options.recv().catch(() => undefined);
    await Promise.all(all.map((subscription) => this.#follow(this.#of(subscription))));
  }

  /** These are consumed where nothing comes from any more. They outlive that place while they are fetched. */
  leftBehind(subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) if (!subscription.closed) this.#miss(this.#of(subscription));
  }

  /** What has no consumer that stands is fetched; what has one needs nothing. */
  renew(): void {
    for (const subscription of this.#options.all()) {
      if (!subscription.stands) this.leftBehind([subscription]);
      else if (this.#successions.get(subscription)?.missing) this.#settle(this.#of(subscription));
    }
  }

  #settle(succession: Succession): void {
    succession.subscription.release();
    succession.enter({ name: 'settled' });
  }

  #of(subscription: Subscription): Succession {
    const known = this.#successions.get(subscription);
    if (known) return known;
    const succession = new Succession(subscription);
    if (subscription.closed) return succession;
    this.#successions.set(subscription, succession);
    subscription.on('closed', () => {
      succession.enter({ name: 'settled' });
      this.#successions.delete(subscription);
    });
    return succession;
  }

  #follow(succession: Succession): Promise<void> {
    const { promise, resolve } = deferred<void>();
    succession.subscription.hold();
    succession.enter({ name: 'following', timer: this.#missAfter(succession, patienceMs), over: resolve });
    return promise;
  }

  #missAfter(succession: Succession, ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#miss(succession), ms);
  }

  #miss(succession: Succession): void {
    succession.subscription.hold();
    succession.enter({ name: 'missing' });
    this.#refetch.want(succession);
  }

  #failed(succession: Succession, { code }: SluiceClientError): void {
    const { subscription } = succession;
    // Its successor is not there yet, and `expect` will come back to it.
    if (code === 'producerNotFound') subscription.awaitSuccessor(lostGraceMs);
    else subscription.ended('mediaFailed');
  }

  /** Consumes anew what subscriptions should show. */
  async #fetch(batch: readonly Succession[]): Promise<ReadonlyMap<Succession, SluiceClientError>> {
    const wanted = new Map(batch.map((succession) => [succession.wantedProducerId, succession]));
    const { transport, consumers, failed } = await this.#options.consume([...wanted.keys()]);
    const refusals = new Map<Succession, SluiceClientError>();
    for (const { producerId, code } of failed) {
      const succession = wanted.get(producerId);
      if (succession) refusals.set(succession, refused(code));
    }
    const pairs: Pair[] = [];
    const unwanted: string[] = [];
    for (const info of consumers) {
      const succession = wanted.get(info.producerId);
      if (succession?.missing) pairs.push({ info, succession });
      else unwanted.push(info.id);
    }
    if (unwanted.length > 0) void this.#close(unwanted);
    if (pairs.length > 0) await this.#bring(transport, pairs, { lost: true });
    for (const { succession } of pairs) void succession.subscription.repeatPreferredLayers();
    return refusals;
  }

  async #bring(transport: types.Transport, pairs: readonly Pair[], { lost }: MoveManner): Promise<void> {
    const ofInfo = new Map<ConsumerInfo, Succession>(pairs.map(({ info, succession }) => [info, succession]));
    for (const [info, succession] of ofInfo) succession.begin(info);
    const subscriptionOf = (info: ConsumerInfo): Subscription | undefined => ofInfo.get(info)?.subscription;
    const done = new Set<ConsumerInfo>();
    try {
      const infos = [...ofInfo.keys()];
      const { built, refused: unusable } = await buildConsumers(
        transport,
        infos,
        (info) => subscriptionOf(info)?.source,
      );
      for (const { info } of unusable) this.#giveUp(info, subscriptionOf(info));
      await this.#resume(built.map(({ info }) => info).filter((info) => subscriptionOf(info)?.paused === false));
      for (const { info } of built) done.add(info);
      await Promise.all(built.map((one) => this.#change(one, subscriptionOf(one.info), lost)));
    } finally {
      for (const [info, succession] of ofInfo) succession.end(done.has(info));
    }
    // It was left, or lost, while the first pictures were waited for.
    if (transport.closed)
      this.leftBehind([...ofInfo.values()].filter(isWithout).map(({ subscription }) => subscription));
  }

  /** The browser cannot take it, and would not at another time. */
  #giveUp({ id }: ConsumerInfo, subscription: Subscription | undefined): void {
    void this.#close([id]);
    subscription?.ended('mediaFailed');
  }

  async #resume(infos: readonly ConsumerInfo[]): Promise<void> {
    const consumerIds = infos.map(({ id }) => id);
    const { failed } = await resumeConsumers(this.#options.signalling, () => consumerIds);
    // A consumer that is gone already is told of in an event of its own.
    if (failed) throw failed;
  }

  async #change({ info, consumer }: Built, subscription: Subscription | undefined, lost: boolean): Promise<void> {
    if (!subscription) return;
    const { paused } = subscription;
    const silent = info.producerPaused || paused;
    const arrival = (): Promise<void> => this.#options.arrival(consumer, { silent, settleMs: lost ? 0 : settleMs });
    await subscription.changeTo(info, consumer, arrival);
    // What was switched meanwhile went to the consumer before.
    if (subscription.paused !== paused) void this.#repeat(subscription);
    setTimeout(() => this.#dropPrevious(subscription), overlapMs);
  }

  async #repeat(subscription: Subscription): Promise<void> {
    await (subscription.paused ? subscription.pause() : subscription.resume()).catch(() => undefined);
  }

  #dropPrevious(subscription: Subscription): void {
    const consumerIds = subscription.dropPrevious();
    const known = this.#successions.get(subscription)?.consumerIds;
    for (const id of consumerIds) known?.delete(id);
    if (consumerIds.length > 0) void this.#close(consumerIds);
  }

  /** Those at an old place may be gone already, which is as good. */
  async #close(consumerIds: string[]): Promise<void> {
    await this.#options.signalling.request('closeConsumer', { consumerIds }).catch(() => undefined);
  }
}

/** Whether it shows nothing that stands, and nothing is coming. */
const isWithout = ({ subscription, underWay }: Succession): boolean => !subscription.stands && !underWay;

function refused(code: string): SluiceClientError {
  const temporary = code !== 'producerNotFound' && code !== 'cannotConsume';
  return new SluiceClientError(code as ClientErrorCode, `The server refused this track (${code}).`, { temporary });
}
