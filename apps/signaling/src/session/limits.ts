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
  /** Below zero where tokens are reserved that have not grown yet. */
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
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Reserves a token; returns in how many ms it will have grown, or undefined, and nothing reserved, beyond `withinMs`. */
  reserve(withinMs: number): number | undefined {
    this.#fill();
    const waitMs = Math.max(0, ((1 - this.#tokens) / this.#rate.perSecond) * 1000);
    if (waitMs > withinMs) return undefined;
    this.#tokens--;
    return waitMs;
  }

  /** What was taken was not needed. */
  giveBack(): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + 1);
  }

  #fill(): void {
    const now = this.#clock.now();
    const grown = ((now - this.#filledAt) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + grown);
    this.#filledAt = now;
  }
}

const offenceWindowMs = 10_000;

/** Counts what one connection did wrong, and says when that is enough. */
export class Offences {
  readonly #clock: Clock;
  readonly #allowed: number;
  #since: number;
  #count = 0;

  constructor(clock: Clock, allowed: number) {
    this.#clock = clock;
    this.#allowed = allowed;
    this.#since = clock.now();
  }

  /** Adds one; true once there were as many as are allowed within ten seconds. */
  add(): boolean {
    const now = this.#clock.now();
    if (now - this.#since >= offenceWindowMs) {
      this.#since = now;
      this.#count = 0;
    }
    return ++this.#count >= this.#allowed;
  }
}
