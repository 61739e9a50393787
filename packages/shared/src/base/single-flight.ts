/**
 * Makes each keyed thing once, however many ask at the same time. The promise is remembered, not the value, so a second
 * asker waits for the first's; a failure is forgotten, so that the next asker tries again.
 */
export class SingleFlight<K, V> {
  readonly #entries = new Map<K, Promise<V>>();

  get(key: K, make: () => Promise<V>): Promise<V> {
    const existing = this.#entries.get(key);
    if (existing) return existing;
    const made = make();
    this.#entries.set(key, made);
    made.catch(() => this.forget(key, made));
    return made;
  }

  peek(key: K): Promise<V> | undefined {
    return this.#entries.get(key);
  }

  /** Forgets the key; given a promise, only if it is still that one that is remembered. */
  forget(key: K, promise?: Promise<V>): void {
    if (promise === undefined || this.#entries.get(key) === promise) this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  values(): IterableIterator<Promise<V>> {
    return this.#entries.values();
  }
}
