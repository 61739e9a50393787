/**
 * When to try again, in ms after the attempt before. The sum passes a gateway's restart, and stays within the 30 s for
 * which the server keeps a peer.
 */
const delaysMs = [0, 300, 1200, 2700, 4800, 7000] as const;
const longestMs = 7000;
/** Up to this much longer, so that the clients of a gateway that died do not all come in the same instant. */
const jitter = 0.5;
/**
 * The first attempt is spread over this many ms, since a client cannot know how many others have lost the same gateway.
 * More would spare the other gateways a steeper rise; less would bring chat and events back sooner. The media goes on
 * either way.
 */
const firstWithinMs = 250;

/** How long to wait before the `attempt`th try, counted from 0. */
export function delayBefore(attempt: number, random: number = Math.random()): number {
  if (attempt === 0) return Math.round(random * firstWithinMs);
  const delayMs = delaysMs[attempt] ?? longestMs;
  return Math.round(delayMs * (1 + random * jitter));
}

/**
 * Takes turns among the gateways, the present one last: it may be what was lost. The others come in an order of each
 * client's own, so that the clients of a gateway that died do not all go to the same next one.
 */
export class Turns {
  readonly #urls: readonly string[];
  #at = -1;

  constructor(urls: readonly string[], current: number, random: () => number = Math.random) {
    const others = shuffled(
      urls.filter((_, index) => index !== current),
      random,
    );
    this.#urls = [...others, ...urls.slice(current, current + 1)];
  }

  next(): string {
    this.#at = (this.#at + 1) % this.#urls.length;
    return this.#urls[this.#at] ?? '';
  }
}

/** In a random order, each as likely as the others. */
export function shuffled<T>(all: readonly T[], random: () => number = Math.random): T[] {
  const order = all.map((one) => ({ one, at: random() }));
  return order.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
}

/** A wait that may be cut short. */
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
