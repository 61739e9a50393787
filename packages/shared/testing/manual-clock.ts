import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Timer } from '../src/base/clock.ts';

interface Pending {
  at: number;
  order: number;
  run: () => void;
}

/** More turns of the event loop than anything takes to come to rest: what goes on longer goes in circles. */
const maxTurns = 10_000;

/** A clock whose hands the test turns. Timers run in the order they are due, and what they start may go on between. */
export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  /** How many timers wait: a test that ends with none has left none behind. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#now;
  }

  setTimer(run: () => void, delayMs: number): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  setRepeating(run: () => void, everyMs: number): Timer {
    if (everyMs <= 0) throw new Error(`A timer cannot repeat each ${everyMs} ms.`);
    const again = (): void => {
      timer = this.setTimer(again, everyMs);
      run();
    };
    let timer = this.setTimer(again, everyMs);
    return { cancel: () => timer.cancel() };
  }

  /** Lets `ms` pass: every timer due by then runs at its own time, and what it caused settles before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#nextUntil(until); next; next = this.#nextUntil(until)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = until;
  }

  /** As a process that was frozen sees it: the time has passed, and what was due meanwhile is due now, once. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #nextUntil(until: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** Those who wait in `settle`, each with one turn of the event loop asked for; the last one began last. */
const settling: symbol[] = [];

/**
 * Lets promises and messages on the memory bus that are under way come to rest, without any time passing. In each turn of
 * the event loop all promises run as far as they can, and the memory bus asks for another turn while it has messages: what
 * is at rest is known by the turns that are asked for, and not by how many there were. Where what is under way waits here
 * itself, it goes on first.
 *
 * @throws Error when it does not come to rest: messages cause each other without an end.
 */
export async function settle(): Promise<void> {
  const own = Symbol('settling');
  settling.push(own);
  try {
    for (let index = 0; index < maxTurns; index++) {
      await turn();
      const asked = process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length;
      if (settling.at(-1) === own && asked < settling.length) return;
    }
    throw new Error(`Nothing came to rest within ${maxTurns} turns of the event loop.`);
  } finally {
    settling.splice(settling.indexOf(own), 1);
  }
}
