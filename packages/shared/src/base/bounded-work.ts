export interface BoundedWorkOptions<T> {
  /** How many items are worked on at a time. */
  atOnce: number;
  act(item: T): Promise<unknown>;
  /** An item has failed: it stops no other one. Must not throw. */
  onError(error: unknown, item: T): void;
  /** Called each time the last item is done and none waits. Must not throw. */
  onIdle?(): void;
  /** What makes two items the same; by default an item is only the same as itself. */
  keyOf?(item: T): unknown;
}

/**
 * Work on many items, such as rooms, each apart from the others: one that fails or hangs delays none but those for whose
 * turn it takes the place. An item that waits or is worked on is not taken a second time, so that work never piles up.
 */
export class BoundedWork<T> {
  readonly #options: BoundedWorkOptions<T>;
  readonly #waiting = new Map<unknown, T>();
  readonly #underWay = new Set<unknown>();
  /** Items under way that have to be worked on once more when they are done. */
  readonly #again = new Map<unknown, T>();

  constructor(options: BoundedWorkOptions<T>) {
    this.#options = options;
  }

  /** @param again items that are under way are worked on once more afterwards: what they work with has changed. */
  add(items: Iterable<T>, { again = false } = {}): void {
    for (const item of items) {
      const key = this.#keyOf(item);
      if (!this.#underWay.has(key)) this.#waiting.set(key, item);
      else if (again) this.#again.set(key, item);
    }
    this.#fill();
  }

  /** What waits is dropped; what is under way ends by itself. */
  clear(): void {
    this.#waiting.clear();
    this.#again.clear();
  }

  #keyOf(item: T): unknown {
    return this.#options.keyOf ? this.#options.keyOf(item) : item;
  }

  #fill(): void {
    for (const [key, item] of this.#waiting) {
      if (this.#underWay.size >= this.#options.atOnce) return;
      this.#waiting.delete(key);
      this.#underWay.add(key);
      void this.#work(key, item);
    }
  }

  async #work(key: unknown, item: T): Promise<void> {
    try {
      await this.#options.act(item);
    } catch (error) {
      this.#options.onError(error, item);
    }
    this.#underWay.delete(key);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.#waiting.set(key, again);
    this.#fill();
    if (this.#underWay.size === 0) this.#options.onIdle?.();
  }
}
