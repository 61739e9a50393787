import type { Clock, Timer } from '@sluice/shared';

/**
 * How long a node takes no peers after it ran out of ports, in ms, unless one of its pipes gives one back. Another process
 * may have taken them. Longer keeps peers away from a node that could take them; shorter sends it peers that it cannot
 * connect to the rest of their room.
 */
const spentForMs = 10_000;

/** Whether there are UDP ports left for pipes, as far as the last attempts show. */
export class PipePorts {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #spent: Timer | undefined;

  constructor(options: { clock: Clock; onChange: () => void }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
  }

  get spent(): boolean {
    return this.#spent !== undefined;
  }

  /** The worker had no port to give. */
  ranOut(): void {
    const before = this.#spent;
    before?.cancel();
    this.#spent = this.#clock.setTimer(() => this.freed(), spentForMs);
    if (!before) this.#onChange();
  }

  /** A pipe gave its port back. */
  freed(): void {
    if (!this.#spent) return;
    this.#spent.cancel();
    this.#spent = undefined;
    this.#onChange();
  }
}
