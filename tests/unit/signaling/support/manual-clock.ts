import type { Clock, Timer } from '@sluice/shared';

interface Due {
  at: number;
  run: () => void;
  everyMs?: number;
}

/** Stands still until told otherwise. */
export class ManualClock implements Clock {
  #now = 1000;
  readonly #due = new Set<Due>();

  now(): number {
    return this.#now;
  }

  setTimer(run: () => void, delayMs: number): Timer {
    return this.#add({ at: this.#now + delayMs, run });
  }

  setRepeating(run: () => void, everyMs: number): Timer {
    return this.#add({ at: this.#now + everyMs, run, everyMs });
  }

  /** Runs what comes due, in its order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at);
      if (next.everyMs === undefined) this.#due.delete(next);
      else next.at += next.everyMs;
      next.run();
    }
    this.#now = end;
  }

  /** Advances in steps, each with time for messages to be delivered. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.advance(Math.min(stepMs, ms - passed));
      await settle();
    }
  }

  #add(due: Due): Timer {
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  }

  #next(end: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) if (due.at <= end && (!first || due.at < first.at)) first = due;
    return first;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
