import type { Cluster } from 'ioredis';
import { openRedis } from '../redis/redis-connection.ts';
import type { RedisAddress } from '../redis/redis-target.ts';
import type { RedisCommands } from '../redis/redis-commands.ts';
import { channels } from './channels.ts';
import { hashSlot } from './hash-slot.ts';
import type { Hearing, HearingEvents } from './hearing.ts';
import { RedisLink } from './redis-link.ts';

/**
 * Hearing in a Redis Cluster. A shard channel is heard at the master that serves its slot, so there is a link to each
 * master (to all of them from the start: the first channel of one must not make the bus look disconnected), and a
 * channel goes to another link when its slot has gone to another master. Where the slots are is the command
 * connection's knowledge, renewed every two seconds and when a link is told otherwise.
 */
export class RedisShards implements Hearing {
  readonly #id: string;
  readonly #commands: RedisCommands;
  readonly #cluster: Cluster;
  readonly #events: HearingEvents;
  readonly #links = new Map<string, RedisLink>();
  /** Each wanted channel and the master whose link has it; none while no master is known to serve its slot. */
  readonly #places = new Map<string, string | undefined>();
  readonly #unplaced = new Set<string>();
  readonly #onRefresh = (): void => {
    this.#follow();
    this.#events.changed();
  };
  #deafBefore = 0;

  constructor(id: string, commands: RedisCommands, cluster: Cluster, events: HearingEvents) {
    this.#id = id;
    this.#commands = commands;
    this.#cluster = cluster;
    this.#events = events;
    cluster.on('refresh', this.#onRefresh);
    this.#follow();
  }

  get good(): boolean {
    return this.#links.size > 0 && this.#unplaced.size === 0 && [...this.#links.values()].every((link) => link.good);
  }

  get deaf(): number {
    return [...this.#links.values()].reduce((sum, link) => sum + link.deaf, this.#deafBefore);
  }

  hears(channel: string): boolean {
    return this.#linkOf(channel)?.hears(channel) ?? false;
  }

  lingers(channel: string): boolean {
    return [...this.#links.values()].some((link) => link.lingers(channel));
  }

  want(channel: string): void {
    if (!this.#places.has(channel)) this.#places.set(channel, undefined);
    if (this.#places.get(channel) === undefined) this.#unplaced.add(channel);
    this.#place(channel);
  }

  unwant(channel: string): void {
    this.#linkOf(channel)?.unwant(channel);
    this.#places.delete(channel);
    this.#unplaced.delete(channel);
  }

  prove(): void {
    for (const link of this.#links.values()) link.prove();
  }

  close(): void {
    this.#cluster.off('refresh', this.#onRefresh);
    for (const master of [...this.#links.keys()]) this.#drop(master);
  }

  #linkOf(channel: string): RedisLink | undefined {
    const master = this.#places.get(channel);
    return master === undefined ? undefined : this.#links.get(master);
  }

  #masterOf(channel: string): string | undefined {
    return this.#cluster.slots[hashSlot(channel)]?.[0];
  }

  /** Goes where the slots are now. */
  #follow(): void {
    for (const channel of this.#places.keys()) this.#place(channel);
    const masters = new Set(this.#cluster.slots.flatMap((nodes) => nodes.slice(0, 1)));
    for (const master of masters) this.#linkTo(master);
    for (const [master, link] of this.#links) {
      if (!masters.has(master)) this.#drop(master);
      else if (this.#masterOf(link.probeChannel) !== master) link.probeThrough(this.#probeAt(master));
    }
  }

  #place(channel: string): void {
    const before = this.#places.get(channel);
    const master = this.#masterOf(channel);
    if (master === before) return;
    if (before !== undefined) this.#links.get(before)?.unwant(channel);
    this.#places.set(channel, master);
    if (master === undefined) this.#unplaced.add(channel);
    else this.#unplaced.delete(channel);
    if (master !== undefined) this.#linkTo(master).want(channel);
  }

  #linkTo(master: string): RedisLink {
    const link = this.#links.get(master) ?? this.#open(master);
    this.#links.set(master, link);
    return link;
  }

  #open(master: string): RedisLink {
    const { target, clock, log } = this.#commands;
    return new RedisLink({
      client: openRedis(target, addressOf(master)),
      sharded: true,
      probeChannel: this.#probeAt(master),
      publish: (channel, message) => this.#commands.run((client) => client.spublish(channel, message)),
      events: this.#events,
      onMoved: () => this.#cluster.refreshSlotsCache(),
      clock,
      log,
    });
  }

  #drop(master: string): void {
    const link = this.#links.get(master);
    this.#links.delete(master);
    this.#deafBefore += link?.deaf ?? 0;
    link?.close();
  }

  #probeFor(attempt: number): string {
    return this.#commands.name(channels.probe(`${this.#id}.${attempt}`));
  }

  /** A channel of this process's own in one of the master's slots. With three masters, the third try finds one. */
  #probeAt(master: string): string {
    for (let attempt = 0; attempt < 100_000; attempt++) {
      if (this.#masterOf(this.#probeFor(attempt)) === master) return this.#probeFor(attempt);
    }
    return this.#probeFor(0);
  }
}

/** The Cluster client's name of a node: the port comes after the last colon, also with IPv6. */
function addressOf(node: string): RedisAddress {
  const colon = node.lastIndexOf(':');
  return { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
}
