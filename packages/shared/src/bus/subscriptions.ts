/**
 * Which channels one connection should hear, and which it does. Whatever happens, the difference is what is due; a lost
 * connection just empties what it does hear.
 */
export class Subscriptions {
  readonly #wanted = new Set<string>();
  readonly #made = new Set<string>();
  /** Of those made, the ones whose `UNSUBSCRIBE` is under way: wanted again, they are subscribed again after it. */
  readonly #leaving = new Set<string>();
  /** Where wanted and heard differ. Kept as it changes: a process hears thousands of rooms. */
  readonly #dirty = new Set<string>();

  get complete(): boolean {
    return this.#dirty.size === 0;
  }

  hears(channel: string): boolean {
    return this.#made.has(channel) && !this.#leaving.has(channel);
  }

  lingers(channel: string): boolean {
    return this.#made.has(channel);
  }

  want(channel: string): void {
    this.#wanted.add(channel);
    this.#compare(channel);
  }

  unwant(channel: string): void {
    this.#wanted.delete(channel);
    this.#compare(channel);
  }

  /** What to subscribe and unsubscribe next; each is answered by `record` or `failed`, or all by `lose`. */
  take(limit: number): { subscribe: string[]; unsubscribe: string[] } {
    const due = [...this.#dirty].slice(0, limit);
    const subscribe = due.filter((channel) => this.#wanted.has(channel));
    const unsubscribe = due.filter((channel) => !this.#wanted.has(channel));
    for (const channel of unsubscribe) this.#leaving.add(channel);
    return { subscribe, unsubscribe };
  }

  record(channel: string, heard: boolean): void {
    this.#leaving.delete(channel);
    if (heard) this.#made.add(channel);
    else this.#made.delete(channel);
    this.#compare(channel);
  }

  failed(channel: string): void {
    this.#leaving.delete(channel);
    this.#compare(channel);
  }

  /** Nothing is heard any more. Returns what was. */
  lose(): string[] {
    const lost = [...this.#made];
    this.#made.clear();
    this.#leaving.clear();
    this.#dirty.clear();
    for (const channel of this.#wanted) this.#dirty.add(channel);
    return lost;
  }

  #compare(channel: string): void {
    if (this.#wanted.has(channel) === this.hears(channel)) this.#dirty.delete(channel);
    else this.#dirty.add(channel);
  }
}
