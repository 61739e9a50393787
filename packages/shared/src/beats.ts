import type { Bus } from './bus/bus.ts';
import { encodeEnvelope } from './bus/envelope.ts';
import type { Clock, Timer } from './clock.ts';

export interface BeatsOptions {
  bus: Bus;
  clock: Clock;
  /** The inboxes of the processes that this one depends on now. */
  targets: () => Iterable<string>;
  /** Nobody hears that inbox any more. Called once for each silence. */
  onSilent: (address: string) => void;
  /** After the bus was away, in ms: until everybody has had the time to subscribe again, nobody counts as silent. */
  leaseMs?: number;
}

/** More often finds a killed process sooner, and costs one small message for each process that is depended on. */
const beatEveryMs = 250;
/** One beat that nobody heard may have met a subscription on its way back; two in a row did not. */
const silentAfter = 2;

const beat = encodeEnvelope({ type: 'ping', id: 'beat' });

/**
 * Knows of a killed process within half a second. Its subscription ends with it, and `PUBLISH` says how many heard: so
 * whoever depends on a process sends it a beat now and then and counts those that nobody heard. A host that vanished,
 * froze or was cut off keeps its subscription for a while: that is what leases are for. In a Redis Cluster the count is
 * not to be had, and leases decide alone.
 */
export class Beats {
  readonly #options: BeatsOptions;
  readonly #missed = new Map<string, number>();
  #timer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #quietUntil = 0;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, clock, leaseMs = 2000 } = this.#options;
    this.#timer = clock.setRepeating(() => this.#round(), beatEveryMs);
    this.#unwatch = bus.onChange(() => {
      this.#quietUntil = clock.now() + leaseMs;
      this.#missed.clear();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unwatch?.();
  }

  #round(): void {
    const { bus, clock, targets } = this.#options;
    if (!bus.connected || clock.now() < this.#quietUntil) return;
    const now = new Set(targets());
    for (const address of this.#missed.keys()) if (!now.has(address)) this.#missed.delete(address);
    for (const address of now) void this.#send(address);
  }

  async #send(address: string): Promise<void> {
    try {
      const heard = await this.#options.bus.publish(address, beat);
      if (heard === 0) this.#miss(address);
      else this.#missed.set(address, 0);
    } catch {
      // The bus is away: that says nothing about anybody.
      this.#missed.delete(address);
    }
  }

  #miss(address: string): void {
    if (this.#options.clock.now() < this.#quietUntil) return;
    const missed = (this.#missed.get(address) ?? 0) + 1;
    this.#missed.set(address, missed);
    if (missed === silentAfter) this.#options.onSilent(address);
  }
}
