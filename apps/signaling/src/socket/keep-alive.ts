import type { Clock, Timer } from '@sluice/shared';

export interface Pinged {
  /** When its client was last heard, on the clock that the pings go by. */
  readonly heardAt: number;
  ping(): void;
  /** Nothing was heard for too long. */
  dead(): void;
}

/** More often finds dead connections sooner, and wakes sleeping phones for it. */
const pingEveryMs = 2000;
/** Three pings: a hiccup of the network is not a death. */
const deadAfterMs = 6000;
/** The pings of all connections are spread over so many turns, so that no turn has them all. */
const turns = 8;

/** Pings every connection each two seconds and calls those dead that were silent for six: one timer for all. */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #turns = Array.from({ length: turns }, () => new Set<Pinged>());
  #timer: Timer | undefined;
  #turn = 0;
  #added = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.#tick(), pingEveryMs / turns);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  add(connection: Pinged): void {
    this.#turns[this.#added++ % turns]?.add(connection);
  }

  remove(connection: Pinged): void {
    for (const turn of this.#turns) turn.delete(connection);
  }

  #tick(): void {
    const due = this.#turns[this.#turn++ % turns] ?? [];
    const now = this.#clock.now();
    for (const connection of [...due]) {
      if (now - connection.heardAt >= deadAfterMs) connection.dead();
      else connection.ping();
    }
  }
}
