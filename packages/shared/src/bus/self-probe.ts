import type { Clock } from '../base/clock.ts';

/** Published and not heard for this long, in ms: deaf. A probe each second finds it in four at the worst. */
const deafAfterMs = 3000;

/**
 * A connection can look well and be deaf (after a fail-over it may hang on the old master). So it publishes numbers to
 * itself, by way of the command connection, and believes only what it hears.
 */
export class SelfProbe {
  readonly #clock: Clock;
  readonly #publish: (message: string) => Promise<unknown>;
  #last = 0;
  #heard = 0;
  /** The number that must come through before the connection is believed; 0 when it is. */
  #provenBy = 1;
  #unheardSince: number | undefined;

  constructor(clock: Clock, publish: (message: string) => Promise<unknown>) {
    this.#clock = clock;
    this.#publish = publish;
  }

  get proven(): boolean {
    return this.#provenBy === 0;
  }

  get deaf(): boolean {
    return this.#unheardSince !== undefined && this.#clock.now() - this.#unheardSince > deafAfterMs;
  }

  /** Whatever was heard so far proves nothing any more. */
  doubt(): void {
    this.#provenBy = this.#last + 1;
  }

  /** The connection is lost: that it hears nothing is no news. */
  reset(): void {
    this.#unheardSince = undefined;
    this.doubt();
  }

  send(): void {
    const number = ++this.#last;
    const sentAt = this.#clock.now();
    this.#publish(String(number)).then(
      () => {
        if (this.#heard < number) this.#unheardSince ??= sentAt;
      },
      // The command connection is away, which says nothing about this one.
      () => undefined,
    );
  }

  hear(message: string): void {
    this.#heard = Number(message);
    this.#unheardSince = undefined;
    if (this.#heard >= this.#provenBy) this.#provenBy = 0;
  }
}
