/**
 * When to try again, in ms after the attempt before. The first is immediate: most connections are lost by one end alone.
 * The sum passes a gateway's restart, and stays within the 30 s for which the server keeps a peer.
 */
const delaysMs = [0, 300, 1200, 2700, 4800, 7000] as const;
const longestMs = 7000;
/** Up to this much longer, so that the clients of a gateway that died do not all come in the same instant. */
const jitter = 0.5;

/** How long to wait before the `attempt`th try, counted from 0. */
export function delayBefore(attempt: number, random: number = Math.random()): number {
  const delayMs = delaysMs[attempt] ?? longestMs;
  return Math.round(delayMs * (1 + random * jitter));
}

/** Takes turns among the gateways. After a loss the next one first: the same one may be what was lost. */
export class Turns {
  readonly #urls: readonly string[];
  #at: number;

  constructor(urls: readonly string[], current: number) {
    this.#urls = urls;
    this.#at = current;
  }

  next(): string {
    this.#at = (this.#at + 1) % this.#urls.length;
    return this.#urls[this.#at] ?? '';
  }
}

/** A wait that somebody else may cut short. */
export class Pause {
  #wake: (() => void) | undefined;

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    this.#wake?.();
  }
}
