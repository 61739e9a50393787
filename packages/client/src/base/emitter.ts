/** Stops the listening that the call which returned it has started. Harmless when called again. */
export type Off = () => void;

/** Typed events. `Events` maps an event's name to what its listeners are given. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  on<T extends keyof Events>(type: T, listener: (value: Events[T]) => void): Off {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    // Wrapped, so that the same function listening twice is two listeners, each with its own off.
    const own = (value: Events[T]): void => listener(value);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** Calls each listener once; one that throws is reported to the page and keeps no other from hearing. */
  emit<T extends keyof Events>(type: T, value: Events[T]): void {
    // A copy: who starts to listen meanwhile hears the next event, not this one.
    for (const listener of new Set(this.#listeners.get(type))) {
      try {
        (listener as (value: Events[T]) => void)(value);
      } catch (error) {
        report(error);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** As an uncaught error of the page's, where there is a page. */
function report(error: unknown): void {
  const { reportError } = globalThis as Partial<typeof globalThis>;
  if (reportError) reportError(error);
  // oxlint-disable-next-line no-console -- a listener's fault must not be lost, and Node has nothing else that does not end it
  else console.error(error);
}
