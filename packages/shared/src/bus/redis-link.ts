import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logging.ts';
import type { Hearing, HearingEvents } from './hearing.ts';
import { SelfProbe } from './self-probe.ts';
import { Subscriptions } from './subscriptions.ts';

export interface LinkOptions {
  client: Redis;
  /** With `SSUBSCRIBE`, one channel a command: in a Cluster two channels are seldom of one slot. */
  sharded: boolean;
  /** A channel of this link alone: what is published there must be heard here. */
  probeChannel: string;
  publish(channel: string, message: string): Promise<unknown>;
  events: HearingEvents;
  /** The server refused a channel that another one serves by now, or took one away. */
  onMoved?(): void;
  clock: Clock;
  log: Logger;
}

/** How often the link proves that it hears, and tries again what failed. Each time costs Redis one message. */
const tickEveryMs = 1000;
/** Channels in one `SUBSCRIBE`. */
const batchSize = 500;

/** One subscriber connection: makes good what is wanted whenever the connection stands, however often it was lost. */
export class RedisLink implements Hearing {
  readonly #options: LinkOptions;
  readonly #client: Redis;
  readonly #subscriptions = new Subscriptions();
  readonly #probe: SelfProbe;
  readonly #timer: Timer;
  #probeChannel: string;
  /** Raised at each loss: an answer from before it says nothing about after. */
  #generation = 0;
  /** All that was wanted is heard, for the first time since the last loss. */
  #settled = false;
  #working = false;
  /** Something was refused; it is tried again at the next tick, not at once. */
  #heldBack = false;
  #complained = false;
  #closed = false;
  #deaf = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#probeChannel = options.probeChannel;
    this.#probe = new SelfProbe(options.clock, (message) => options.publish(this.#probeChannel, message));
    this.#listen();
    this.want(options.probeChannel);
    this.#timer = options.clock.setRepeating(() => this.#tick(), tickEveryMs);
  }

  get good(): boolean {
    return this.#settled && this.#probe.proven;
  }

  get deaf(): number {
    return this.#deaf;
  }

  get probeChannel(): string {
    return this.#probeChannel;
  }

  hears(channel: string): boolean {
    return this.#subscriptions.hears(channel);
  }

  lingers(channel: string): boolean {
    return this.#subscriptions.lingers(channel);
  }

  want(channel: string): void {
    this.#subscriptions.want(channel);
    this.#work();
  }

  unwant(channel: string): void {
    this.#subscriptions.unwant(channel);
    this.#work();
  }

  probeThrough(channel: string): void {
    this.unwant(this.#probeChannel);
    this.#probeChannel = channel;
    this.want(channel);
    this.prove();
  }

  prove(): void {
    this.#probe.doubt();
    this.#options.events.changed();
    if (this.#settled) this.#probe.send();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.cancel();
    this.#client.disconnect();
    this.#lose();
  }

  #listen(): void {
    const { events, sharded, log } = this.#options;
    this.#client.on(sharded ? 'smessage' : 'message', (channel: string, message: string) => {
      if (channel === this.#probeChannel) this.#hearProbe(message);
      else events.message(channel, message);
    });
    this.#client.on('ready', () => this.#retry());
    this.#client.on('close', () => this.#lose());
    this.#client.on('moved', () => this.#refused());
    // What is wrong with the server is said, at intervals, by the command connection.
    this.#client.on('error', (error: Error) => log.debug({ reason: error.message }, 'A subscriber connection failed.'));
  }

  /** All is to be made again, and proven. */
  #lose(): void {
    this.#generation++;
    this.#settled = false;
    this.#probe.reset();
    for (const channel of this.#subscriptions.lose()) this.#options.events.unmade(channel);
    this.#options.events.changed();
  }

  /** The server doesn't serve, or no longer serves, some channel. Which one is not said: all are asked for again. */
  #refused(): void {
    this.#heldBack = true;
    this.#lose();
    this.#options.onMoved?.();
  }

  #retry(): void {
    this.#heldBack = false;
    this.#work();
  }

  #work(): void {
    if (!this.#working && !this.#closed) void this.#makeGood();
  }

  async #makeGood(): Promise<void> {
    this.#working = true;
    while (this.#client.status === 'ready' && !this.#heldBack && !this.#subscriptions.complete) await this.#step();
    this.#working = false;
    if (this.#client.status === 'ready' && this.#subscriptions.complete && !this.#settled) this.#settle();
  }

  #settle(): void {
    this.#settled = true;
    this.#complained = false;
    this.prove();
  }

  async #step(): Promise<void> {
    const generation = this.#generation;
    const { subscribe, unsubscribe } = this.#subscriptions.take(batchSize);
    const outcomes = await Promise.all([...this.#send(subscribe, true), ...this.#send(unsubscribe, false)]);
    if (generation !== this.#generation) return;
    for (const { channels, heard, error } of outcomes) {
      if (error === undefined) for (const channel of channels) this.#record(channel, heard);
      else this.#fail(channels, error);
    }
  }

  #send(channels: string[], heard: boolean): Promise<{ channels: string[]; heard: boolean; error?: unknown }>[] {
    const whole = channels.length > 0 ? [channels] : [];
    const groups = this.#options.sharded ? channels.map((channel) => [channel]) : whole;
    return groups.map((group) =>
      this.#command(group, heard).then(
        () => ({ channels: group, heard }),
        (error: unknown) => ({ channels: group, heard, error }),
      ),
    );
  }

  #command(channels: string[], heard: boolean): Promise<unknown> {
    if (this.#options.sharded) {
      return heard ? this.#client.ssubscribe(...channels) : this.#client.sunsubscribe(...channels);
    }
    return heard ? this.#client.subscribe(...channels) : this.#client.unsubscribe(...channels);
  }

  #record(channel: string, heard: boolean): void {
    this.#subscriptions.record(channel, heard);
    if (heard) this.#options.events.made(channel);
    else this.#options.events.unmade(channel);
  }

  #fail(channels: readonly string[], error: unknown): void {
    for (const channel of channels) this.#subscriptions.failed(channel);
    this.#heldBack = true;
    if (!this.#complained) {
      this.#options.log.warn({ reason: String(error) }, 'Channels could not be subscribed; trying on.');
    }
    this.#complained = true;
  }

  #tick(): void {
    if (this.#client.status === 'end') this.#client.connect().catch(() => undefined);
    if (this.#client.status !== 'ready') return;
    if (this.#probe.deaf) this.#remake();
    else if (this.#settled) this.#probe.send();
    this.#retry();
  }

  #remake(): void {
    this.#deaf++;
    this.#options.log.warn('A subscriber connection is deaf; making it anew.');
    this.#client.disconnect(true);
  }

  #hearProbe(message: string): void {
    const before = this.good;
    this.#probe.hear(message);
    if (this.good !== before) this.#options.events.changed();
  }
}
