import type { Bus, Unsubscribe } from '../bus/bus.ts';
import type { Clock, Timer } from '../clock.ts';
import { jittered } from '../clock.ts';
import type { Logger } from '../logging.ts';
import type { RoomFeed } from './room-feed.ts';

/**
 * A lost message that nothing follows leaves no gap to see. So each feed reads on now and then anyway: more often finds
 * the loss sooner, and costs one small read a room and process.
 */
const verifyEveryMs = 5000;

/** Keeps a process's feeds honest: verifies them now and then, and all of them when the bus comes back. */
export class FeedVerifier {
  readonly #feeds: () => Iterable<RoomFeed>;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: Timer | undefined;
  #unwatch: Unsubscribe | undefined;

  constructor(options: { feeds: () => Iterable<RoomFeed>; bus: Bus; clock: Clock; log: Logger }) {
    this.#feeds = options.feeds;
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => void this.verifyAll(), jittered(verifyEveryMs, 0.2));
    this.#unwatch = this.#bus.onChange((connected) => {
      if (connected) void this.verifyAll();
    });
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

  stop(): void {
    this.#timer?.cancel();
    this.#unwatch?.();
  }
}
