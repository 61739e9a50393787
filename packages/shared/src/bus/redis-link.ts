import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logging.ts';

/** What a link, or several of them in a Cluster, tells the bus. */
export interface HearingEvents {
  message(channel: string, message: string): void;
  /** The channel is heard from now on. */
  made(channel: string): void;
  /** The channel is not heard any more, wanted or not. */
  unmade(channel: string): void;
  /** `good` may have changed. */
  changed(): void;
}

/** The subscribing half of a bus: what should be heard is declared, and made good whenever that is possible. */
export interface Hearing {
  want(channel: string): void;
  unwant(channel: string): void;
  /** Whether what is published there from now on is heard. */
  hears(channel: string): boolean;
  /** Whether Redis still counts us among the channel's hearers. */
  lingers(channel: string): boolean;
  /** Whether all that was wanted when the connection was last made is heard, and a probe came through since. */
  readonly good: boolean;
  /** How often it published to itself and did not hear it. */
  readonly deaf: number;
  /** Doubts itself until a probe comes through again. */
  prove(): void;
  close(): void;
}

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

/** A probe each second finds a deaf connection in four at the worst; each costs Redis one message. */
const probeEveryMs = 1000;
/** Published and not heard for this long, in ms: the connection is made anew. */
const deafAfterMs = 3000;
/** Channels in one `SUBSCRIBE`. */
const batchSize = 500;

/**
 * One subscriber connection. Wanted and actual subscriptions are two sets; whatever happens, the difference is made
 * good. A lost connection just empties the actual one.
 *
 * A connection can look well and be deaf (after a fail-over it may hang on the old master), so the link publishes to
 * itself by way of the command connection, and believes only what it hears.
 */
export class RedisLink implements Hearing {
  readonly #options: LinkOptions;
  readonly #client: Redis;
  readonly #timer: Timer;
  readonly #wanted = new Set<string>();
  readonly #made = new Set<string>();
  /** Of those made, the ones whose `UNSUBSCRIBE` is under way: wanted again, they are subscribed again after it. */
  readonly #leaving = new Set<string>();
  /** Where wanted and actual differ. */
  readonly #dirty = new Set<string>();
  #probeChannel: string;
  /** Raised at each loss: an answer from before it says nothing about after. */
  #generation = 0;
  #settled = false;
  #reconciling = false;
  #complained = false;
  #closed = false;
  #lastProbe = 0;
  #lastHeard = 0;
  /** The probe that must come through before the link is believed; 0 when it is. */
  #provenBy = 1;
  #unheardSince: number | undefined;
  #deaf = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#probeChannel = options.probeChannel;
    this.#listen();
    this.want(options.probeChannel);
    this.#timer = options.clock.setRepeating(() => this.#tick(), probeEveryMs);
  }

  get good(): boolean {
    return this.#settled && this.#provenBy === 0;
  }

  get deaf(): number {
    return this.#deaf;
  }

  get probeChannel(): string {
    return this.#probeChannel;
  }

  hears(channel: string): boolean {
    return this.#made.has(channel) && !this.#leaving.has(channel);
  }

  lingers(channel: string): boolean {
    return this.#made.has(channel);
  }

  want(channel: string): void {
    this.#wanted.add(channel);
    this.#touch(channel);
  }

  unwant(channel: string): void {
    this.#wanted.delete(channel);
    this.#touch(channel);
  }

  probeThrough(channel: string): void {
    this.unwant(this.#probeChannel);
    this.#probeChannel = channel;
    this.want(channel);
    this.prove();
  }

  prove(): void {
    this.#provenBy = this.#lastProbe + 1;
    this.#options.events.changed();
    if (this.#settled) this.#probe();
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
      if (channel === this.#probeChannel) this.#heardProbe(Number(message));
      else events.message(channel, message);
    });
    this.#client.on('ready', () => this.#reconcile());
    this.#client.on('close', () => this.#lose());
    this.#client.on('moved', () => this.#moved());
    // What is wrong with the server is said, at intervals, by the command connection.
    this.#client.on('error', (error: Error) => log.debug({ reason: error.message }, 'A subscriber connection failed.'));
  }

  /** Nothing is heard any more: all is to be made again, and proven. */
  #lose(): void {
    const lost = [...this.#made];
    this.#generation++;
    this.#made.clear();
    this.#leaving.clear();
    this.#dirty.clear();
    for (const channel of this.#wanted) this.#dirty.add(channel);
    this.#settled = false;
    this.#unheardSince = undefined;
    this.#provenBy = this.#lastProbe + 1;
    for (const channel of lost) this.#options.events.unmade(channel);
    this.#options.events.changed();
  }

  #moved(): void {
    this.#lose();
    this.#options.onMoved?.();
  }

  #touch(channel: string): void {
    this.#compare(channel);
    this.#reconcile();
  }

  #compare(channel: string): void {
    if (this.#wanted.has(channel) === this.hears(channel)) this.#dirty.delete(channel);
    else this.#dirty.add(channel);
  }

  #reconcile(): void {
    if (!this.#reconciling && !this.#closed) void this.#makeGood();
  }

  async #makeGood(): Promise<void> {
    this.#reconciling = true;
    let failure: unknown;
    while (this.#client.status === 'ready' && this.#dirty.size > 0 && failure === undefined) {
      failure = await this.#apply([...this.#dirty].slice(0, batchSize));
    }
    this.#reconciling = false;
    if (failure !== undefined) this.#failed(failure);
    else if (this.#client.status === 'ready' && !this.#settled && !this.#closed) this.#settle();
  }

  #settle(): void {
    this.#settled = true;
    this.#complained = false;
    this.prove();
  }

  /** Returns why it could not be done, if so. */
  async #apply(due: readonly string[]): Promise<unknown> {
    const generation = this.#generation;
    const wanted = due.filter((channel) => this.#wanted.has(channel));
    const unwanted = due.filter((channel) => !this.#wanted.has(channel));
    for (const channel of unwanted) this.#leaving.add(channel);
    const results = await Promise.all([...this.#send(wanted, true), ...this.#send(unwanted, false)]);
    if (generation !== this.#generation) return undefined;
    for (const { channels, heard, error } of results) {
      for (const channel of channels) {
        if (error === undefined) this.#record(channel, heard);
        else this.#leaving.delete(channel);
      }
    }
    return results.find(({ error }) => error !== undefined)?.error;
  }

  #send(
    channels: readonly string[],
    heard: boolean,
  ): Promise<{ channels: string[]; heard: boolean; error?: unknown }>[] {
    const groups = this.#options.sharded
      ? channels.map((channel) => [channel])
      : channels.length
        ? [[...channels]]
        : [];
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
    this.#leaving.delete(channel);
    if (heard) this.#made.add(channel);
    else this.#made.delete(channel);
    this.#compare(channel);
    if (heard) this.#options.events.made(channel);
    else this.#options.events.unmade(channel);
  }

  #failed(error: unknown): void {
    if (!this.#complained) {
      this.#options.log.warn({ reason: String(error) }, 'Channels could not be subscribed; trying on.');
    }
    this.#complained = true;
    this.#options.onMoved?.();
  }

  #tick(): void {
    if (this.#client.status === 'end') this.#client.connect().catch(() => undefined);
    if (this.#client.status !== 'ready') return;
    if (!this.#settled || this.#dirty.size > 0) this.#reconcile();
    else if (this.#unheardSince !== undefined && this.#options.clock.now() - this.#unheardSince > deafAfterMs) {
      this.#deaf++;
      this.#options.log.warn('A subscriber connection is deaf; making it anew.');
      this.#client.disconnect(true);
    } else this.#probe();
  }

  #probe(): void {
    const probe = ++this.#lastProbe;
    const sentAt = this.#options.clock.now();
    this.#options.publish(this.#probeChannel, String(probe)).then(
      () => {
        if (this.#lastHeard < probe && this.#settled) this.#unheardSince ??= sentAt;
      },
      // The command connection is away: that says nothing about this one, and `prove` comes when it is back.
      () => undefined,
    );
  }

  #heardProbe(probe: number): void {
    this.#lastHeard = probe;
    this.#unheardSince = undefined;
    if (this.#provenBy === 0 || probe < this.#provenBy) return;
    this.#provenBy = 0;
    this.#options.events.changed();
  }
}
