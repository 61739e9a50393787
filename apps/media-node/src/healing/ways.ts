import { type Clock, jittered } from '@sluice/shared';

interface Way {
  /** How often in a row it was given up. */
  strikes: number;
  avoidedAt: number;
  avoidedUntil: number;
}

/** What to do about a link that is dead: make it anew, go by another node, or leave it for now. */
export type Remedy = 'remake' | 'avoid' | 'wait';

export interface DeadLink {
  /** Whether its pair was made anew just before. */
  again: boolean;
  /** Since when it has been watched, on the process's clock. */
  since: number;
}

/**
 * How long a way that stayed dead is not tried again, in ms, and at most. Longer spares new viewers the seconds that it
 * takes to find it dead; shorter has the shorter way back sooner. What goes by a relay already stays there.
 */
const avoidMs = 10_000;
const longestMs = 120_000;
const spread = 0.3;

/**
 * What this process has learned of the direct ways from other nodes to it, by their addresses on the bus: all rooms
 * share a way. One that nothing is wrong with is not in here.
 */
export class Ways {
  readonly #clock: Clock;
  readonly #ways = new Map<string, Way>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get avoided(): number {
    return [...this.#ways.keys()].filter((address) => this.isAvoided(address)).length;
  }

  /** A link from there is dead. One that was made while its way was avoided had no other way to go. */
  judge(address: string, { again, since }: DeadLink): Remedy {
    const now = this.#clock.now();
    const way = this.#ways.get(address) ?? { strikes: 0, avoidedAt: 0, avoidedUntil: 0 };
    if (now < way.avoidedUntil) return since <= way.avoidedAt ? 'avoid' : 'wait';
    if (way.strikes === 0 && !again) return 'remake';
    const forMs = jittered(Math.min(longestMs, avoidMs * 2 ** way.strikes), spread);
    this.#ways.set(address, { strikes: way.strikes + 1, avoidedAt: now, avoidedUntil: now + forMs });
    return 'avoid';
  }

  isAvoided(address: string): boolean {
    return this.#clock.now() < (this.#ways.get(address)?.avoidedUntil ?? 0);
  }

  /** Media came from there, or the node is gone. */
  forget(address: string): void {
    this.#ways.delete(address);
  }
}
