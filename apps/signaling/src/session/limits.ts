import type { Clock } from '@sluice/shared';

/** One object for all the buckets that it is the rate of: there is a bucket for each connection. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Lets `burst` through at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = clock.now();
  }

  /** True, and one token less, or false and nothing changed. */
  take(): boolean {
    const now = this.#clock.now();
    const grown = ((now - this.#filledAt) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + grown);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** What was taken was not needed. */
  giveBack(): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + 1);
  }
}

/** A client whose reconnect went wrong may err a few dozen times; one that errs more than this is not a client. */
const offencesAllowed = 100;
const offenceWindowMs = 10_000;

/** Counts what one connection did wrong, and says when that is enough. */
export class Offences {
  readonly #clock: Clock;
  #since: number;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Adds one; true once there were `offencesAllowed` of them within the window. */
  add(): boolean {
    const now = this.#clock.now();
    if (now - this.#since >= offenceWindowMs) {
      this.#since = now;
      this.#count = 0;
    }
    return ++this.#count >= offencesAllowed;
  }
}
