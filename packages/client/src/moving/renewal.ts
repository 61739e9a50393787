import type { Emitter } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import { backOff } from '../base/retry.ts';
import type { DataChannels } from '../data/data-channels.ts';
import type { Direction, LostTransport, MediaPlace } from '../media/media-place.ts';
import type { TriedWay } from '../media/tried-ways.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { Subscriber } from '../subscribe/subscriber.ts';

/** What a room tells of the network under its media. `direction`: `send` for one's own tracks, `recv` for the others'. */
export interface MediaOutageEvents {
  /** Media of this direction does not go through. A way is being looked for. */
  mediaInterrupted: { direction: Direction };
  /** It goes through again. */
  mediaRestored: { direction: Direction; downtimeMs: number };
  /**
   * No way was found so far, and a person should be told. It is still tried, twice a minute and whenever the network
   * changes; `mediaRestored` says when it worked.
   */
  mediaFailed: { direction: Direction; tried: readonly TriedWay[]; error: SluiceClientError };
}

export interface RenewalOptions {
  publisher: Publisher;
  subscriber: Subscriber;
  data: DataChannels;
  emitter: Emitter<MediaOutageEvents>;
}

/** When the second transport is lost too, a person is told. Sooner would be for what passes by itself. */
const roundsBeforeWord = 2;
const pace = { firstMs: 500, mostMs: 4000 };
/** New transports are made in quick succession so often, and then less often: each one costs the node some work. */
const quickRounds = 3;
const slowPace = { firstMs: 25_000, mostMs: 25_000 };
/** A `move` follows a lost worker or node within a second; without it, the transports are renewed here after all. */
const moveWithinMs = 4000;

interface Outage {
  since: number;
  rounds: number;
  timer?: ReturnType<typeof setTimeout>;
}

/** Carries everything by new transports to the same place when the ones before were lost. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #outages = new Map<Direction, Outage>();
  /** How many renewals of each direction are under way. */
  readonly #underWay = { send: 0, recv: 0 };
  #place: MediaPlace | undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** The place where this peer's media is now. What was planned for the one before is off. */
  watch(place: MediaPlace): void {
    this.#place = place;
    for (const outage of this.#outages.values()) clearTimeout(outage.timer);
    const isCurrent = (): boolean => place === this.#place;
    // Where nothing is carried, no media is interrupted.
    place.on('interrupted', (direction) => isCurrent() && this.#carries(direction) && this.#begin(direction));
    place.on('connected', (direction) => {
      if (isCurrent()) this.#end(direction);
      this.#giveBack(place, direction);
    });
    place.on('lost', (lost) => isCurrent() && this.#lost(lost));
  }

  /** Back at a place that stood before, after a move to another has failed. */
  watchAgain(place: MediaPlace): void {
    this.#place = place;
    for (const direction of directions) this.#renew(direction);
  }

  /** A move is over: what has nothing to carry there has no outage. */
  settle(): void {
    for (const direction of directions) if (!this.#carries(direction)) this.#end(direction);
  }

  /** Something outside says that there may be a way again. */
  tryNow(): void {
    for (const [direction, { timer }] of this.#outages) if (timer !== undefined) this.#renew(direction);
  }

  close(): void {
    this.#place = undefined;
    for (const { timer } of this.#outages.values()) clearTimeout(timer);
    this.#outages.clear();
  }

  #carries(direction: Direction): boolean {
    const { publisher, subscriber, data } = this.#options;
    const media = direction === 'send' ? publisher.publications : subscriber.subscriptions;
    return media.size > 0 || data.carries(direction);
  }

  #begin(direction: Direction): Outage {
    const known = this.#outages.get(direction);
    if (known) return known;
    const outage: Outage = { since: performance.now(), rounds: 0 };
    this.#outages.set(direction, outage);
    this.#options.emitter.emit('mediaInterrupted', { direction });
    return outage;
  }

  #end(direction: Direction): void {
    const outage = this.#outages.get(direction);
    if (!outage) return;
    clearTimeout(outage.timer);
    this.#outages.delete(direction);
    this.#options.emitter.emit('mediaRestored', { direction, downtimeMs: performance.now() - outage.since });
  }

  #lost({ direction, cause, moveComes }: LostTransport): void {
    // The next use makes the next transport.
    if (!this.#carries(direction)) return this.#end(direction);
    const outage = this.#begin(direction);
    const rounds = ++outage.rounds;
    if (rounds === roundsBeforeWord) this.#giveWord(direction, cause);
    const delayMs = moveComes
      ? moveWithinMs
      : rounds === 1
        ? 0
        : backOff(rounds - 1, rounds > quickRounds ? slowPace : pace);
    clearTimeout(outage.timer);
    outage.timer = setTimeout(() => this.#renew(direction), delayMs);
  }

  #giveBack(place: MediaPlace, direction: Direction): void {
    if (this.#underWay[direction] === 0 && place.connected(direction)) place.giveBack(direction);
  }

  #giveWord(direction: Direction, error: SluiceClientError): void {
    const tried = this.#place?.triedWays(direction) ?? [];
    this.#options.emitter.emit('mediaFailed', { direction, tried, error });
  }

  #renew(direction: Direction): void {
    const place = this.#place;
    if (!place) return;
    const outage = this.#outages.get(direction);
    if (outage) {
      clearTimeout(outage.timer);
      delete outage.timer;
    }
    this.#renewAll(place, direction).catch((thrown: unknown) => {
      if (place !== this.#place) return;
      this.#lost({ direction, cause: SluiceClientError.from(thrown, 'mediaFailed'), moveComes: false });
    });
  }

  async #renewAll(place: MediaPlace, direction: Direction): Promise<void> {
    const { publisher, subscriber, data } = this.#options;
    this.#underWay[direction]++;
    try {
      data.renew(place, direction);
      if (direction === 'send') await publisher.renew(place);
      else subscriber.renew(place);
    } finally {
      this.#underWay[direction]--;
    }
    this.#giveBack(place, direction);
    if (place === this.#place && !this.#carries(direction)) this.#end(direction);
  }
}

const directions: readonly Direction[] = ['send', 'recv'];
