import type { Bus, Unsubscribe } from '../../bus/bus.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { jittered } from '../../base/clock.ts';
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

/** As `RoomFeed`: reads what was missed, if anything was. */
export interface VerifiedFeed {
  catchUp(): Promise<void>;
}

/** Keeps a process's feeds honest: verifies them now and then, and all of them when the bus comes back. */
export class FeedVerifier {
  readonly #feeds: () => Iterable<VerifiedFeed>;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: Timer | undefined;
  #unwatch: Unsubscribe | undefined;
  #settled: Timer | undefined;
  #settling = false;

  constructor(options: { feeds: () => Iterable<VerifiedFeed>; bus: Bus; clock: Clock; log: Logger }) {
    this.#feeds = options.feeds;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => void this.verifyAll(), jittered(verifyEveryMs, 0.2));
    this.#unwatch = this.#bus.onChange((connected) => this.#busChanged(connected));
  }

  /** From the loss of the bus until its owners have had the time to tell the directory what they hold. */
  get settling(): boolean {
    return this.#settling;
  }

  async verifyAll(): Promise<void> {
    for (const feed of [...this.#feeds()]) {
      try {
        await feed.catchUp();
      } catch {
        this.#log.debug('The directory is away: feeds are verified when it is back.');
        return;
      }
    }
  }

  #busChanged(connected: boolean): void {
    this.#settling = true;
    this.#settled?.cancel();
    if (!connected) return;
    void this.verifyAll();
    this.#settled = this.#clock.setTimer(() => {
      this.#settling = false;
      void this.verifyAll();
    }, settleMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#settled?.cancel();
    this.#unwatch?.();
  }
}
