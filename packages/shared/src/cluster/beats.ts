import type { Bus } from '../bus/bus.ts';
import { encodeEnvelope } from '../bus/rpc/envelope.ts';
import type { Clock, Timer } from '../base/clock.ts';

export interface BeatsOptions {
  bus: Bus;
  clock: Clock;
  /** The inboxes of the processes that this one depends on now. */
  targets: () => Iterable<string>;
  /**
   * That inbox has no subscriber any more. Called once for each silence; `heardAt` is when it last had one, where that
   * is known.
   */
  onSilent: (address: string, heardAt: number | undefined) => void;
  /** After the bus was away, in ms: until every process has had the time to subscribe again, none counts as silent. */
  leaseMs?: number;
}

/**
 * More often finds a killed process sooner, and costs one small message for each process that is depended on. So it is
 * as often as this, in ms, for those who depend on few, and never more than so many messages a second.
 */
const beatEveryMs = 100;
const beatsPerSecond = 200;
/**
 * One beat without a subscriber may have met a subscription on its way back, which takes some 30 ms; one more, so many
 * ms later, did not. Sooner finds a killed process sooner, and takes one that is slow to subscribe again for dead.
 */
const askAgainAfterMs = 100;
const silentAfter = 2;

/** What is known of one inbox. */
interface Pulse {
  missed: number;
  heardAt: number | undefined;
}

const beat = encodeEnvelope({ type: 'ping', id: 'beat' });

/**
 * Knows of a killed process within a quarter of a second. Its subscription ends with it, and `PUBLISH` says how many
 * heard: so a process sends beats to those that it depends on, and counts beats without a subscriber. A host that
 * vanished, froze or was cut off keeps its subscription for a while: that is what leases are for. In a Redis Cluster
 * the count is not to be had, and leases decide alone.
 */
export class Beats {
  readonly #options: BeatsOptions;
  readonly #pulses = new Map<string, Pulse>();
  #timer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #quietUntil = 0;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, clock, leaseMs = 2000 } = this.#options;
    this.#schedule(0);
    this.#unwatch = bus.onChange(() => {
      this.#quietUntil = clock.now() + leaseMs;
      for (const pulse of this.#pulses.values()) pulse.missed = 0;
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#unwatch?.();
  }

  #schedule(targets: number): void {
    const afterMs = Math.max(beatEveryMs, (targets * 1000) / beatsPerSecond);
    this.#timer = this.#options.clock.setTimer(() => this.#schedule(this.#round()), afterMs);
  }

  /** Returns how many were beaten. */
  #round(): number {
    const { bus, clock, targets } = this.#options;
    if (!bus.connected || clock.now() < this.#quietUntil) return 0;
    const now = new Set(targets());
    for (const address of this.#pulses.keys()) if (!now.has(address)) this.#pulses.delete(address);
    for (const address of now) {
      const pulse = this.#pulse(address);
      // Asked again in a moment of its own.
      if (pulse.missed !== 1) void this.#send(address, pulse);
    }
    return now.size;
  }

  #pulse(address: string): Pulse {
    const known = this.#pulses.get(address);
    if (known) return known;
    const pulse: Pulse = { missed: 0, heardAt: undefined };
    this.#pulses.set(address, pulse);
    return pulse;
  }

  async #send(address: string, pulse: Pulse): Promise<void> {
    try {
      const heard = await this.#options.bus.publish(address, beat);
      if (heard === 0) return this.#miss(address, pulse);
      pulse.missed = 0;
      pulse.heardAt = this.#options.clock.now();
    } catch {
      // The bus is away: that says nothing about any process.
      pulse.missed = 0;
    }
  }

  #miss(address: string, pulse: Pulse): void {
    if (this.#options.clock.now() < this.#quietUntil) return;
    pulse.missed++;
    if (pulse.missed === silentAfter) this.#options.onSilent(address, pulse.heardAt);
    else if (pulse.missed === 1) this.#askAgain(address, pulse);
  }

  #askAgain(address: string, pulse: Pulse): void {
    this.#options.clock.setTimer(() => {
      if (!this.#timer || this.#pulses.get(address) !== pulse) return;
      if (this.#options.bus.connected) void this.#send(address, pulse);
      else pulse.missed = 0;
    }, askAgainAfterMs);
  }
}
