import type { ConsumerInfo, ReplacingConsumer } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Arrival } from '../media/arrival.ts';
import { autoSubscribe } from './auto-subscribe.ts';
import { type Built, buildConsumers, type Consumed } from '../media/building.ts';
import type { MoveManner } from '../media/media-place.ts';
import { type ClientErrorCode, SluiceClientError } from '../base/errors.ts';
import { Followers } from './followers.ts';
import { insist, type Signalling } from '../line/signalling.ts';
import type { Subscription } from './subscription.ts';

export interface SuccessionsOptions {
  signalling: Signalling;
  arrival: Arrival;
  all: () => Iterable<Subscription>;
  recv: () => Promise<types.Transport>;
  consume: (producerIds: string[]) => Promise<Consumed>;
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

/** Keeps subscriptions alive while what they consist of is made anew elsewhere. */
export class Successions {
  readonly #options: SuccessionsOptions;
  /** Whose consumer was given, by every consumer's id, also of those that are not shown yet. */
  readonly #ofConsumer = new Map<string, Subscription>();
  /** What a subscription should come to show. */
  readonly #expected = new Map<Subscription, string>();
  /** Subscriptions that nothing at the present place brings. */
  readonly #orphans = new Set<Subscription>();
  /** The producer that each was last given a consumer of, shown or not yet. */
  readonly #latest = new WeakMap<Subscription, string>();
  /** The consumer that each was last given, shown or not yet. */
  readonly #newest = new WeakMap<Subscription, string>();
  /** How many consumers are on their way to each. */
  readonly #changing = new Map<Subscription, number>();
  /** Those that a consumer is to follow a move for. */
  readonly #followers = new Followers<Subscription>(patienceMs);

  constructor(options: SuccessionsOptions) {
    this.#options = options;
  }

  /** By a consumer that it shows, or will. */
  find(consumerId: string): Subscription | undefined {
    for (const subscription of this.#options.all()) if (subscription.consumerId === consumerId) return subscription;
    return this.#ofConsumer.get(consumerId);
  }

  /** A successor is there. The node sends a consumer of it, unless it has none of the one before. */
  expect(subscription: Subscription, successor: string): void {
    if (this.#isComing(subscription, successor)) return;
    this.#expected.set(subscription, successor);
    if (this.#orphans.has(subscription)) return void this.#fetch(subscription);
    setTimeout(() => {
      if (!subscription.closed && this.#expected.get(subscription) === successor) void this.#fetch(subscription);
    }, patienceMs);
  }

  /** `lost`: its peer will produce it again elsewhere, if it lives. */
  producerClosed(subscription: Subscription, lost: boolean): void {
    if (lost || this.#isUnderWay(subscription)) subscription.awaitSuccessor(lostGraceMs);
    else subscription.ended('producerClosed');
  }

  consumerClosed(consumerId: string, reason: string): void {
    const subscription = this.find(consumerId);
    if (subscription?.consumerId === consumerId && this.#isUnderWay(subscription)) {
      subscription.awaitSuccessor(lostGraceMs);
    } else subscription?.consumerEnded(consumerId, reason);
  }

  /** The node has made a consumer in another's place. */
  async added(info: ConsumerInfo, replaces: string): Promise<void> {
    const subscription = this.find(replaces);
    // The newest one went with its pipe, before or after it was shown; its producer stayed.
    const anew = subscription !== undefined && this.#newestOf(subscription) === replaces;
    if (!subscription || subscription.closed || (!anew && this.#isComing(subscription, info.producerId))) {
      return this.#close([info.id]);
    }
    const lost = subscription.awaitsSuccessor || (anew && this.#isComing(subscription, info.producerId));
    const isThere = this.#followers.arrives(subscription);
    try {
      await this.#bring(await this.#options.recv(), [{ info, subscription }], { lost });
    } catch {
      this.leftBehind([subscription]);
    } finally {
      isThere();
    }
  }

  /** Everything goes by another place. What has no consumer there yet is fetched, or waits for its successor. */
  async moved(consumers: readonly ReplacingConsumer[], manner: MoveManner): Promise<void> {
    const wanted: Pair[] = [];
    const unwanted: string[] = [];
    for (const info of consumers) {
      const subscription = this.find(info.replaces);
      if (subscription?.closed === false) wanted.push({ info, subscription });
      else unwanted.push(info.id);
    }
    for (const { info, subscription } of wanted) this.#ofConsumer.set(info.id, subscription);
    if (unwanted.length > 0) void this.#close(unwanted);
    const covered = new Set(wanted.map(({ subscription }) => subscription));
    this.leftBehind([...this.#options.all()].filter((subscription) => !covered.has(subscription)));
    if (wanted.length > 0) await this.#bring(await this.#options.recv(), wanted, manner);
  }

  /** Everything goes by another place, and what is there for us comes one by one. What doesn't come is fetched. */
  async movedAhead(): Promise<void> {
    const all = [...this.#options.all()];
    // What they come by is built meanwhile; where it can't be, they will tell.
    if (all.length > 0) this.#options.recv().catch(() => undefined);
    const waits = all.map((subscription) => {
      subscription.awaitSuccessor(lostGraceMs);
      return this.#followers.wait(subscription, () => !subscription.closed && this.leftBehind([subscription]));
    });
    await Promise.all(waits);
  }

  /** These are consumed where nothing comes from any more. They outlive that place while they are fetched. */
  leftBehind(subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) {
      this.#orphans.add(subscription);
      subscription.awaitSuccessor(lostGraceMs);
      void this.#fetch(subscription);
    }
  }

  #isComing(subscription: Subscription, producerId: string): boolean {
    const latest = this.#latest.get(subscription) ?? subscription.producerId;
    return latest === producerId && !this.#orphans.has(subscription);
  }

  #newestOf(subscription: Subscription): string {
    return this.#newest.get(subscription) ?? subscription.consumerId;
  }

  #isUnderWay(subscription: Subscription): boolean {
    return this.#isMissing(subscription) || (this.#changing.get(subscription) ?? 0) > 0;
  }

  /** Consumes anew what a subscription should show. */
  #fetch(subscription: Subscription): Promise<void> {
    return autoSubscribe({
      subscribe: () => this.#fetchOnce(subscription),
      stillWanted: () => !subscription.closed && this.#isMissing(subscription),
      onSubscribed: () => undefined,
      onFailed: ({ code }) => {
        // Its successor is not there yet, and `expect` will come back to it.
        if (code === 'producerNotFound') subscription.awaitSuccessor(lostGraceMs);
        else subscription.ended('mediaFailed');
      },
    });
  }

  #isMissing(subscription: Subscription): boolean {
    return this.#orphans.has(subscription) || this.#expected.has(subscription);
  }

  async #fetchOnce(subscription: Subscription): Promise<Subscription> {
    const producerId = this.#expected.get(subscription) ?? subscription.producerId;
    try {
      const { transport, consumers, failed } = await this.#options.consume([producerId]);
      const [info] = consumers;
      if (!info) throw refused(failed[0]?.code ?? 'producerNotFound');
      if (subscription.closed || !this.#isMissing(subscription)) await this.#close([info.id]);
      else await this.#bring(transport, [{ info, subscription }], { lost: true });
      return subscription;
    } catch (error) {
      throw SluiceClientError.from(error, 'mediaFailed');
    }
  }

  async #bring(transport: types.Transport, pairs: readonly Pair[], { lost }: MoveManner): Promise<void> {
    const ofInfo = new Map<ConsumerInfo, Subscription>(pairs.map(({ info, subscription }) => [info, subscription]));
    for (const [info, subscription] of ofInfo) this.#begin(info, subscription);
    try {
      const infos = [...ofInfo.keys()];
      const built = await buildConsumers(transport, infos, (info) => ofInfo.get(info)?.source);
      const consumerIds = infos.filter((info) => ofInfo.get(info)?.paused === false).map(({ id }) => id);
      if (consumerIds.length > 0) await insist(() => this.#say('resumeConsumer', consumerIds));
      await Promise.all(built.map((one) => this.#change(one, ofInfo.get(one.info), lost)));
    } finally {
      for (const subscription of ofInfo.values()) this.#count(subscription, -1);
    }
  }

  #begin({ id, producerId }: ConsumerInfo, subscription: Subscription): void {
    this.#ofConsumer.set(id, subscription);
    this.#latest.set(subscription, producerId);
    this.#newest.set(subscription, id);
    this.#orphans.delete(subscription);
    if (this.#expected.get(subscription) === producerId) this.#expected.delete(subscription);
    this.#count(subscription, 1);
  }

  #count(subscription: Subscription, by: 1 | -1): void {
    const count = (this.#changing.get(subscription) ?? 0) + by;
    if (count > 0) this.#changing.set(subscription, count);
    else this.#changing.delete(subscription);
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
    for (const id of consumerIds) this.#ofConsumer.delete(id);
    if (consumerIds.length > 0) void this.#close(consumerIds);
  }

  /** Those at an old place may be gone already, which is as good. */
  async #close(consumerIds: string[]): Promise<void> {
    await this.#say('closeConsumer', consumerIds).catch(() => undefined);
  }

  #say(action: 'resumeConsumer' | 'closeConsumer', consumerIds: string[]): Promise<unknown> {
    return this.#options.signalling.request(action, { consumerIds });
  }
}

interface Pair {
  info: ConsumerInfo;
  subscription: Subscription;
}

function refused(code: string): SluiceClientError {
  const temporary = code !== 'producerNotFound' && code !== 'cannotConsume';
  return new SluiceClientError(code as ClientErrorCode, `The server refused this track (${code}).`, { temporary });
}
