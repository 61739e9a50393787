interface Wait {
  timer: ReturnType<typeof setTimeout>;
  over: () => void;
}

/** Waits for what is to follow: one for each, and each with an end. */
export class Followers<T> {
  readonly #patienceMs: number;
  readonly #waits = new Map<T, Wait>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Resolves when what was to follow is there, or has been missed, or is waited for anew. */
  wait(one: T, onMissed: () => void): Promise<void> {
    this.arrives(one)();
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = (): void => {
      if (this.#waits.get(one)?.over === over) this.#waits.delete(one);
      resolve();
    };
    const miss = (): void => {
      onMissed();
      over();
    };
    this.#waits.set(one, { timer: setTimeout(miss, this.#patienceMs), over });
    return promise;
  }

  /** It comes, and will not be missed any more. What is returned says that it is there. */
  arrives(one: T): () => void {
    const wait = this.#waits.get(one);
    clearTimeout(wait?.timer);
    return wait?.over ?? (() => undefined);
  }
}
