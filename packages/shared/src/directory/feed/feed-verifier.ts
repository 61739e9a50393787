import type { Bus, Unsubscribe } from '../../bus/bus.ts';
import { BoundedWork } from '../../base/bounded-work.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { jittered } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logging.ts';

/**
 * A lost message that nothing follows leaves no gap to see. So each feed reads on now and then anyway: more often finds
 * the loss sooner, and costs one small read a room and process.
 */
const verifyEveryMs = 5000;

/**
 * How long owners have, in ms, to tell a returned directory what it may have forgotten. Shorter takes people for gone
 * who are there; longer keeps those on show who are not.
 */
const settleMs = 2500;

/** How many rooms are read at a time. More is sooner done after an outage, and more at once for Redis. */
const roomsAtOnce = 64;

/** As `RoomFeed`: reads what was missed, if anything was. */
export interface VerifiedFeed {
  catchUp(): Promise<void>;
  recheck(): void;
}

/** Keeps a process's feeds honest: verifies them now and then, and all of them when the bus comes back. */
export class FeedVerifier {
  readonly #feeds: () => Iterable<VerifiedFeed>;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #work: BoundedWork<VerifiedFeed>;
  #timer: Timer | undefined;
  #unwatch: Unsubscribe | undefined;
  #settled: Timer | undefined;
  #settling = false;

  constructor(options: { feeds: () => Iterable<VerifiedFeed>; bus: Bus; clock: Clock; log: Logger }) {
    this.#feeds = options.feeds;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#work = new BoundedWork({
      atOnce: roomsAtOnce,
      act: (feed) => feed.catchUp(),
      onError: (error) => options.log.debug({ code: SluiceError.from(error).code }, 'A room is verified later.'),
    });
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.#verifyAll(), jittered(verifyEveryMs, 0.2));
    this.#unwatch = this.#bus.onChange((connected) => this.#busChanged(connected));
  }

  /** From the loss of the bus until its owners have had the time to tell the directory what they hold. */
  get settling(): boolean {
    return this.#settling;
  }

  /** Has every room read that isn't being read, a few at a time. */
  #verifyAll(options: { again?: boolean } = {}): void {
    if (this.#bus.connected) this.#work.add(this.#feeds(), options);
  }

  #busChanged(connected: boolean): void {
    this.#settling = true;
    this.#settled?.cancel();
    if (!connected) return;
    for (const feed of this.#feeds()) feed.recheck();
    // What is being read may have been read before the bus was lost.
    this.#verifyAll({ again: true });
    this.#settled = this.#clock.setTimer(() => {
      this.#settling = false;
      this.#verifyAll({ again: true });
    }, settleMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#settled?.cancel();
    this.#unwatch?.();
    this.#work.clear();
  }
}
