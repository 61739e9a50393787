/** Where time comes from. Nothing deep in the code asks the system: tests turn the hands themselves. */
export interface Clock {
  /** Milliseconds on a monotonic clock. Only differences mean anything, and only within one process. */
  now(): number;
  setTimer(run: () => void, delayMs: number): Timer;
  setRepeating(run: () => void, everyMs: number): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(run, delayMs) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  setRepeating(run, everyMs) {
    const handle = setInterval(run, everyMs);
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves after `delayMs` on the given clock. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(resolve, delayMs));
}

/** `value` ± up to `spread` of it, so that many processes do not act in the same instant. */
export function jittered(value: number, spread: number, random: () => number = Math.random): number {
  return value * (1 + spread * (2 * random() - 1));
}
