import { type Clock, systemClock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logging.ts';
import type { Bus, Subscription, Unsubscribe } from './bus.ts';
import { ChangeListeners, type Listener, Listeners } from './listeners.ts';

export interface MemoryHubOptions {
  clock?: Clock;
  /** How many deliveries may wait for their turn. One more, and `publish` is refused: memory stays bounded. */
  maxQueued?: number;
}

interface Hearer {
  hear(channel: string, message: string): void;
}

/**
 * What all processes of an embedded cluster share, in place of a Redis. Messages are handed over in a later turn of the
 * event loop, never within `publish`, and a turn hands over only what was published before it: a chain of messages that
 * cause each other leaves room for timers and sockets.
 */
export class MemoryHub {
  readonly clock: Clock;
  readonly #maxQueued: number;
  readonly #hearers = new Map<string, Set<Hearer>>();
  readonly #watchers = new Set<(away: boolean) => void>();
  #queue: { hearer: Hearer; channel: string; message: string }[] = [];
  #scheduled = false;
  #away = false;
  #dropped = 0;

  constructor({ clock = systemClock, maxQueued = 65_536 }: MemoryHubOptions = {}) {
    this.clock = clock;
    this.#maxQueued = maxQueued;
  }

  get away(): boolean {
    return this.#away;
  }

  /** Messages refused because the queue was full, and those under way when the hub went away. */
  get dropped(): number {
    return this.#dropped;
  }

  /** For tests: as a Redis that is stopped and comes back with its data. What is under way is lost. */
  setAway(away: boolean): void {
    if (away === this.#away) return;
    this.#away = away;
    if (away) this.#dropped += this.#queue.splice(0).length;
    for (const watcher of [...this.#watchers]) watcher(away);
  }

  watch(watcher: (away: boolean) => void): Unsubscribe {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** @throws coordinatorUnavailable while the hub is away, and where its queue is full. */
  publish(channel: string, message: string): number {
    this.assertHere();
    const hearers = this.#hearers.get(channel);
    if (!hearers) return 0;
    if (this.#queue.length + hearers.size > this.#maxQueued) return this.#refuse();
    for (const hearer of hearers) this.#queue.push({ hearer, channel, message });
    this.#schedule();
    return hearers.size;
  }

  assertHere(): void {
    if (this.#away) throw new SluiceError('coordinatorUnavailable', 'The memory hub is away.');
  }

  join(channel: string, hearer: Hearer): void {
    const hearers = this.#hearers.get(channel);
    if (hearers) hearers.add(hearer);
    else this.#hearers.set(channel, new Set([hearer]));
  }

  leave(channel: string, hearer: Hearer): void {
    const hearers = this.#hearers.get(channel);
    hearers?.delete(hearer);
    if (hearers?.size === 0) this.#hearers.delete(channel);
  }

  #refuse(): never {
    this.#dropped++;
    throw new SluiceError('coordinatorUnavailable', 'Too many messages wait in the memory hub.');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    const due = this.#queue;
    this.#queue = [];
    for (const { hearer, channel, message } of due) hearer.hear(channel, message);
  }
}

export function createMemoryHub(options: MemoryHubOptions = {}): MemoryHub {
  return new MemoryHub(options);
}

/** One process's place on the hub. */
class MemoryBus implements Bus {
  readonly #hub: MemoryHub;
  readonly #listeners: Listeners;
  readonly #changes: ChangeListeners;
  readonly #unwatch: Unsubscribe;
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #closed = false;

  constructor(hub: MemoryHub, log: Logger) {
    this.#hub = hub;
    this.#listeners = new Listeners(log);
    this.#changes = new ChangeListeners(log);
    this.#unwatch = hub.watch((away) => this.#changed(!away));
  }

  get connected(): boolean {
    return !this.#closed && !this.#hub.away;
  }

  async publish(channel: string, message: string): Promise<number> {
    if (this.#closed) throw closed();
    return this.#hub.publish(channel, message);
  }

  async subscribe(channel: string, listener: Listener): Promise<Subscription> {
    if (this.#closed) throw closed();
    const remove = this.#listeners.add(channel, listener);
    this.#hub.join(channel, this);
    if (this.#hub.away) await this.#untilBack();
    return {
      unsubscribe: async () => {
        remove();
        if (!this.#listeners.has(channel)) this.#hub.leave(channel, this);
      },
    };
  }

  hear(channel: string, message: string): void {
    this.#listeners.deliver(channel, message);
  }

  onChange(listener: (connected: boolean) => void): Unsubscribe {
    return this.#changes.add(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    for (const channel of this.#listeners.channels()) this.#hub.leave(channel, this);
    this.#listeners.clear();
    for (const waiter of this.#waiting) waiter.reject(closed());
    this.#waiting.clear();
  }

  #changed(connected: boolean): void {
    this.#changes.tell(connected);
    if (!connected) return;
    for (const waiter of this.#waiting) waiter.resolve();
    this.#waiting.clear();
  }

  #untilBack(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#waiting.add(waiter);
    return waiter.promise;
  }
}

function closed(): SluiceError {
  return new SluiceError('coordinatorUnavailable', 'The bus is closed.');
}

export function createMemoryBus(hub: MemoryHub, options: { log?: Logger } = {}): Bus {
  return new MemoryBus(hub, options.log ?? silentLogger);
}
