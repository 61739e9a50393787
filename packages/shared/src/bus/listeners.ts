import type { Logger } from '../base/logging.ts';

export type Listener = (message: string) => void;

/**
 * The listeners of one process, by channel. A message is handed to each in turn; one that throws is counted and logged,
 * and the others hear all the same.
 */
export class Listeners {
  readonly #log: Logger;
  readonly #byChannel = new Map<string, Set<{ listener: Listener }>>();
  #failures = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How often a listener threw. */
  get failures(): number {
    return this.#failures;
  }

  channels(): IterableIterator<string> {
    return this.#byChannel.keys();
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** Returns what takes the listener away again. The same function may listen twice: each call has its own entry. */
  add(channel: string, listener: Listener): () => void {
    const entry = { listener };
    const entries = this.#byChannel.get(channel);
    if (entries) entries.add(entry);
    else this.#byChannel.set(channel, new Set([entry]));
    return () => this.#remove(channel, entry);
  }

  deliver(channel: string, message: string): void {
    // A copy: a listener may unsubscribe itself or another while the message is handed around.
    for (const entry of [...(this.#byChannel.get(channel) ?? [])]) {
      if (this.#byChannel.get(channel)?.has(entry)) this.#call(entry.listener, channel, message);
    }
  }

  clear(): void {
    this.#byChannel.clear();
  }

  #call(listener: Listener, channel: string, message: string): void {
    try {
      listener(message);
    } catch (error) {
      this.#failures++;
      this.#log.error({ error, channel }, 'A bus listener threw.');
    }
  }

  #remove(channel: string, entry: { listener: Listener }): void {
    const entries = this.#byChannel.get(channel);
    entries?.delete(entry);
    if (entries?.size === 0) this.#byChannel.delete(channel);
  }
}

/** Those who want to know of changes of `connected`. One that throws does not keep the others from hearing. */
export class ChangeListeners {
  readonly #log: Logger;
  readonly #listeners = new Set<{ listener: (connected: boolean) => void }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  add(listener: (connected: boolean) => void): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  tell(connected: boolean): void {
    for (const { listener } of [...this.#listeners]) {
      try {
        listener(connected);
      } catch (error) {
        this.#log.error({ error }, 'A listener for bus changes threw.');
      }
    }
  }
}
