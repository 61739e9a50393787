import { formats, type Kind } from './rtp.ts';

/** What comes of one person's one track to another, over all the consumers by which it has come. */
export class Reception {
  readonly kind: Kind;
  readonly #seen = new Set<number>();
  #first: number | undefined;
  #highest = -1;
  #lastAt = performance.now();
  #longestMs = 0;
  #count = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  take(number: number): void {
    if (this.#seen.has(number)) return;
    this.#seen.add(number);
    this.#first ??= number;
    const now = performance.now();
    // What comes late, by the old way beside a new one, moves no picture on.
    if (number < this.#highest) return;
    this.#highest = number;
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastAt);
    this.#lastAt = now;
    this.#count++;
  }

  /** Forgets all until now. What comes next is compared with what has come last. */
  reset(): void {
    this.#seen.clear();
    this.#first = undefined;
    this.#longestMs = 0;
    this.#count = 0;
  }

  /** Longest time without anything new since the last reset, in ms, one that lasts still included. */
  get longestGapMs(): number {
    return Math.max(this.#longestMs, performance.now() - this.#lastAt);
  }

  /** New packets since the last reset. */
  get count(): number {
    return this.#count;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** Numbers that were sent between the first and the last that came, and didn't come. */
  get lost(): number {
    return this.#first === undefined ? 0 : this.#highest - this.#first + 1 - this.#seen.size;
  }

  /** Whether something has come in the last moment: three packets' worth, and what a busy machine takes to see them. */
  get flows(): boolean {
    return performance.now() - this.#lastAt < 3 * formats[this.kind].everyMs + 40;
  }
}
