import type { Bus, Subscription, Unsubscribe } from '../src/bus/bus.ts';
import { type Clock, systemClock, type Timer } from '../src/base/clock.ts';
import { SluiceError } from '../src/base/errors.ts';
import { type Seeded, seeded } from './seeded.ts';

export interface Faults {
  /** How likely a message is lost, 0–1. */
  lost: number;
  /** How likely a message comes twice, 0–1. */
  doubled: number;
  /** Shortest and longest extra delay in ms. */
  lateMs: readonly [number, number];
  /** Late messages may overtake each other. Otherwise a channel's order is kept, as the bus promises. */
  reorder: boolean;
  /**
   * Which way this process is cut off: it cannot publish (`out`), does not hear (`in`), or both. What it publishes is
   * refused with `coordinatorUnavailable`; what it should hear is lost.
   */
  cut: 'none' | 'in' | 'out' | 'both';
  /** Which channels have the faults; a cut takes all of them. */
  on: (channel: string) => boolean;
}

export const noFaults: Faults = {
  lost: 0,
  doubled: 0,
  lateMs: [0, 0],
  reorder: false,
  cut: 'none',
  on: () => true,
};

export interface FaultCounts {
  delivered: number;
  lost: number;
  doubled: number;
  late: number;
}

/** Late messages under way; further ones are lost, and counted so. */
const maxLate = 10_000;

/**
 * One process's bus with faults. They are done to what the process hears: publishing and its count are the true bus's,
 * as with a message that Redis took and the network lost.
 */
export class FaultyBus implements Bus {
  readonly counts: FaultCounts = { delivered: 0, lost: 0, doubled: 0, late: 0 };
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #random: Seeded;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #unwatch: Unsubscribe;
  readonly #late = new Set<Timer>();
  readonly #dueByChannel = new Map<string, number>();
  #faults: Faults = noFaults;

  constructor(bus: Bus, options: { seed: number; clock?: Clock; faults?: Partial<Faults> }) {
    this.#bus = bus;
    this.#clock = options.clock ?? systemClock;
    this.#random = seeded(options.seed);
    this.#faults = { ...noFaults, ...options.faults };
    this.#unwatch = bus.onChange(() => this.#tell());
  }

  get faults(): Faults {
    return this.#faults;
  }

  get connected(): boolean {
    return this.#faults.cut === 'none' && this.#bus.connected;
  }

  /** From now on. What is under way stays as it is. */
  set(faults: Partial<Faults>): void {
    const before = this.connected;
    this.#faults = { ...this.#faults, ...faults };
    if (this.connected !== before) this.#tell();
  }

  async publish(channel: string, message: string): Promise<number | undefined> {
    const { cut } = this.#faults;
    if (cut === 'out' || cut === 'both') throw new SluiceError('coordinatorUnavailable', 'This process is cut off.');
    return this.#bus.publish(channel, message);
  }

  async subscribe(channel: string, listener: (message: string) => void): Promise<Subscription> {
    let open = true;
    const deliver = (message: string): void => {
      if (!open) return;
      this.counts.delivered++;
      listener(message);
    };
    const subscription = await this.#bus.subscribe(channel, (message) => this.#receive(channel, message, deliver));
    return {
      unsubscribe: () => {
        open = false;
        return subscription.unsubscribe();
      },
    };
  }

  onChange(listener: (connected: boolean) => void): Unsubscribe {
    const own = (connected: boolean): void => listener(connected);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    this.#unwatch();
    for (const timer of this.#late) timer.cancel();
    this.#late.clear();
    await this.#bus.close();
  }

  #receive(channel: string, message: string, deliver: (message: string) => void): void {
    const { cut, on, lost, doubled } = this.#faults;
    if (cut === 'in' || cut === 'both' || (on(channel) && this.#random.chance(lost))) {
      this.counts.lost++;
      return;
    }
    const copies = on(channel) && this.#random.chance(doubled) ? 2 : 1;
    this.counts.doubled += copies - 1;
    for (let copy = 0; copy < copies; copy++) this.#send(channel, message, deliver);
  }

  #send(channel: string, message: string, deliver: (message: string) => void): void {
    const delayMs = this.#delayOf(channel);
    if (delayMs <= 0) deliver(message);
    else if (this.#late.size >= maxLate) this.counts.lost++;
    else this.#sendLate(message, delayMs, deliver);
  }

  #sendLate(message: string, delayMs: number, deliver: (message: string) => void): void {
    this.counts.late++;
    const timer = this.#clock.setTimer(() => {
      this.#late.delete(timer);
      deliver(message);
    }, delayMs);
    this.#late.add(timer);
  }

  /** Kept in order, a message waits at least for the one before it. */
  #delayOf(channel: string): number {
    const { on, lateMs, reorder } = this.#faults;
    const [least, most] = on(channel) ? lateMs : [0, 0];
    const now = this.#clock.now();
    const own = now + least + this.#random.next() * (most - least);
    const due = reorder ? own : Math.max(own, this.#dueByChannel.get(channel) ?? 0);
    if (due > now) this.#dueByChannel.set(channel, due);
    else this.#dueByChannel.delete(channel);
    return due - now;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener(this.connected);
  }
}
