import { SluiceError } from '../base/errors.ts';
import { createIdSequence } from '../base/ids.ts';
import type { RedisCommands } from '../redis/redis-commands.ts';
import { openRedis } from '../redis/redis-connection.ts';
import type { Bus, Subscription, Unsubscribe } from './bus.ts';
import { channels } from './channels.ts';
import { ChangeListeners, type Listener, Listeners } from './listeners.ts';
import type { Hearing, HearingEvents } from './hearing.ts';
import { RedisLink } from './redis-link.ts';
import { RedisShards } from './redis-shards.ts';

/** Promises by channel that wait for it to be heard, or to be heard no more. */
class Waiting {
  readonly #byChannel = new Map<string, PromiseWithResolvers<void>>();

  for(channel: string): Promise<void> {
    const waiter = this.#byChannel.get(channel) ?? Promise.withResolvers<void>();
    this.#byChannel.set(channel, waiter);
    return waiter.promise;
  }

  resolve(channel: string): void {
    this.#byChannel.get(channel)?.resolve();
    this.#byChannel.delete(channel);
  }

  rejectAll(reason: SluiceError): void {
    for (const waiter of this.#byChannel.values()) waiter.reject(reason);
    this.#byChannel.clear();
  }
}

/** What a Redis bus counts, for the metrics. */
export interface RedisBusCounters {
  /** Connections that were made anew because what was published to itself did not come through. */
  deaf: number;
  /** Times that a listener threw. */
  listenerFailures: number;
}

/**
 * The bus on Redis pub/sub; in a Redis Cluster, sharded pub/sub. Inside, channels are named as on Redis. Commands go
 * over the process's command connection, subscriptions have their own: a slow reader must not hold up writers.
 */
class RedisBus implements Bus {
  readonly #commands: RedisCommands;
  readonly #listeners: Listeners;
  readonly #changes: ChangeListeners;
  readonly #hearing: Hearing;
  readonly #heard = new Waiting();
  readonly #unheard = new Waiting();
  readonly #unwatch: Unsubscribe;
  #connected = false;
  #closed = false;

  constructor(commands: RedisCommands) {
    this.#commands = commands;
    this.#listeners = new Listeners(commands.log);
    this.#changes = new ChangeListeners(commands.log);
    this.#hearing = openHearing(commands, {
      message: (channel, message) => this.#listeners.deliver(channel, message),
      made: (channel) => this.#heard.resolve(channel),
      unmade: (channel) => this.#unheard.resolve(channel),
      changed: () => this.#refresh(),
    });
    this.#unwatch = commands.watch((ready) => {
      if (ready) this.#hearing.prove();
      this.#refresh();
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  get counters(): RedisBusCounters {
    return { deaf: this.#hearing.deaf, listenerFailures: this.#listeners.failures };
  }

  async publish(name: string, message: string): Promise<number | undefined> {
    if (this.#closed) throw closed();
    const channel = this.#commands.name(name);
    if (!this.#commands.cluster) return this.#commands.run((client) => client.publish(channel, message));
    // The count is of one master alone, and misleads while its replica takes over.
    await this.#commands.run((client) => client.spublish(channel, message));
    return undefined;
  }

  async subscribe(name: string, listener: Listener): Promise<Subscription> {
    if (this.#closed) throw closed();
    const channel = this.#commands.name(name);
    const remove = this.#listeners.add(channel, listener);
    // A caller that still waits for the channel to go has had its listener taken away: that is all it was promised.
    this.#unheard.resolve(channel);
    this.#hearing.want(channel);
    if (!this.#hearing.hears(channel)) await this.#heard.for(channel);
    return {
      unsubscribe: async () => {
        remove();
        if (this.#listeners.has(channel) || this.#closed) return;
        this.#hearing.unwant(channel);
        if (this.#hearing.lingers(channel)) await this.#unheard.for(channel);
      },
    };
  }

  onChange(listener: (connected: boolean) => void): Unsubscribe {
    return this.#changes.add(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    this.#listeners.clear();
    this.#hearing.close();
    this.#heard.rejectAll(closed());
    this.#refresh();
  }

  #refresh(): void {
    const connected = !this.#closed && this.#commands.ready && this.#hearing.good;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#changes.tell(connected);
  }
}

export type { RedisBus };

/** Neither waits nor throws where Redis is not there yet: `connected` says when it is. */
export function createRedisBus(commands: RedisCommands): RedisBus {
  return new RedisBus(commands);
}

function closed(): SluiceError {
  return new SluiceError('coordinatorUnavailable', 'The bus is closed.');
}

function openHearing(commands: RedisCommands, events: HearingEvents): Hearing {
  const { target, cluster, clock, log } = commands;
  const id = createIdSequence()();
  if (cluster) return new RedisShards(id, commands, cluster, events);
  return new RedisLink({
    client: openRedis(target),
    sharded: false,
    probeChannel: commands.name(channels.probe(id)),
    publish: (channel, message) => commands.run((client) => client.publish(channel, message)),
    events,
    clock,
    log,
  });
}
