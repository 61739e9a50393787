import type { Disagreement } from './disagreements.ts';

export interface Lasting {
  text: string;
  ms: number;
}

interface Entry {
  of: string[];
  ms: number;
}

/** How long disagreements last, from sample to sample. */
export class Ledger {
  readonly #open = new Map<string, Entry>();
  #longest: Lasting = { text: '', ms: 0 };

  /**
   * Takes the differences found in one sample, `sinceMs` after the sample before. A difference that is seen once was caught
   * in the middle of a change and counts 0 ms. Time in which one of its processes is unknown is not counted.
   */
  take(found: readonly Disagreement[], unknown: ReadonlySet<string>, sinceMs: number): void {
    const now = new Map(found.map((one) => [one.text, one]));
    for (const [text, entry] of this.#open) {
      if (now.has(text) || entry.of.some((name) => unknown.has(name))) continue;
      this.#open.delete(text);
    }
    for (const { text, of } of now.values()) {
      const entry = this.#open.get(text);
      if (!entry) this.#open.set(text, { of, ms: 0 });
      else this.#lasts(text, entry, sinceMs);
    }
  }

  /** The one that lasted longest. */
  get longest(): Lasting {
    return this.#longest;
  }

  /** Those that have not ended. */
  get open(): Lasting[] {
    return [...this.#open].map(([text, { ms }]) => ({ text, ms }));
  }

  #lasts(text: string, entry: Entry, sinceMs: number): void {
    entry.ms += sinceMs;
    if (entry.ms > this.#longest.ms) this.#longest = { text, ms: entry.ms };
  }
}
