import { type Clock, Mailbox } from '@sluice/shared';
import { type Rate, TokenBucket } from './limits.ts';

/**
 * How long an action may have to wait for its turn at the rate of its connection, in ms. Longer takes more from a client
 * that asks for all at once; it must stay well below the time after which clients give a request up.
 */
const longestWaitMs = 5000;
/** More frames than these in line mean that the node doesn't answer. */
const maxWaiting = 1024;
/** And so many characters in all: what one connection may keep in memory here. A browser's `produce` has about 3,000. */
const maxWaitingLength = 1024 * 1024;
/** Where all lines together are full, their clients come back after this, in ms. */
const memoryRetryMs = 1000;

/** Characters of the frames that wait in all lines of a gateway. */
export class LineBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(length: number): boolean {
    if (this.#used + length > this.#limit) return false;
    this.#used += length;
    return true;
  }

  giveBack(length: number): void {
    this.#used -= length;
  }
}

/** Why a line takes no frame: the connection's own line is full, or all lines of the gateway together. */
export type Overflow = 'queue' | 'memory';

export type Admitted = { refused: undefined; waitMs: number } | { refused: Overflow; retryAfterMs: number };

interface Wait {
  end(): void;
}

/**
 * One connection's actions in the order they came, done one at a time. Actions beyond the connection's rate wait until
 * it allows them: a client that asks for everything at once is slowed down. Only a line that is full takes no more.
 */
export class ActionLine {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #budget: LineBudget;
  readonly #mailbox = new Mailbox();
  #waiting = 0;
  #length = 0;
  #closed = false;
  #wait: Wait | undefined;

  constructor(options: { clock: Clock; rate: Rate; budget: LineBudget }) {
    this.#clock = options.clock;
    this.#bucket = new TokenBucket(options.clock, options.rate);
    this.#budget = options.budget;
  }

  /**
   * Takes a frame into the line: `job` is done in its turn, at the connection's rate, and not at all once the line is
   * closed.
   */
  admit(length: number, job: () => Promise<void>): { admitted: Admitted; done: Promise<void> } {
    const admitted = this.#reserve(length);
    const done = admitted.refused === undefined ? this.#add(length, admitted.waitMs, job) : Promise.resolve();
    return { admitted, done };
  }

  /** Does a job behind those that are in line, also when the line is closed. It has no part in the rate. */
  addLast(job: () => Promise<void> | void): Promise<void> {
    return this.#mailbox.runAlways(job);
  }

  /** No action is begun from here on. What waits for its time has its turn at once. */
  close(): void {
    this.#closed = true;
    this.#wait?.end();
  }

  #reserve(length: number): Admitted {
    const isFull = this.#waiting >= maxWaiting || this.#length + length > maxWaitingLength;
    if (isFull) return { refused: 'queue', retryAfterMs: longestWaitMs / 2 };
    if (!this.#budget.take(length)) return { refused: 'memory', retryAfterMs: memoryRetryMs };
    const waitMs = this.#bucket.reserve(longestWaitMs);
    if (waitMs !== undefined) return { refused: undefined, waitMs };
    this.#budget.giveBack(length);
    return { refused: 'queue', retryAfterMs: longestWaitMs / 2 };
  }

  #add(length: number, waitMs: number, job: () => Promise<void>): Promise<void> {
    const dueAt = this.#clock.now() + waitMs;
    this.#waiting++;
    this.#length += length;
    return this.#mailbox.runAlways(async () => {
      await this.#untilDue(dueAt);
      this.#waiting--;
      this.#length -= length;
      this.#budget.giveBack(length);
      if (!this.#closed) await job();
    });
  }

  async #untilDue(dueAt: number): Promise<void> {
    const waitMs = dueAt - this.#clock.now();
    if (waitMs <= 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, waitMs);
      this.#wait = {
        end: () => {
          timer.cancel();
          resolve();
        },
      };
    });
    this.#wait = undefined;
  }
}
