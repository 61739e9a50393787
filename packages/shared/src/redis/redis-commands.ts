import type { Cluster, Redis } from 'ioredis';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logging.ts';
import { openCluster, openRedis } from './redis-connection.ts';
import { defaultPrefix, describeTarget, type RedisTarget } from './redis-target.ts';

export interface RedisCommandsOptions {
  log?: Logger;
  clock?: Clock;
  /** What every name on this Redis begins with; `defaultPrefix` unless given. */
  prefix?: string | undefined;
  /** How many commands may await their answer. One more is refused: Redis is slower than we ask. */
  maxInFlight?: number;
}

/** While Redis is away, this often in ms a line says so: often enough to be seen, rare enough to read past. */
const complainEveryMs = 10_000;
/** After the library gave a connection up for good, in ms: it is opened again as if nothing had been. */
const reopenAfterMs = 1000;

/** Replies of a Redis that starts, fails over, is full, or lacks a right or password: the same command works later. */
const passing =
  /^(ERR The user executing the script can't|ERR ACL failure|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS|MISCONF|OOM|BUSY|UNKILLABLE|NOPERM|NOAUTH|WRONGPASS)\b/;

/**
 * The connection that commands go over, shared by bus and directory of a process. Creating it neither waits nor throws:
 * it connects when Redis is there, and says at intervals that it is not.
 */
class RedisCommands {
  readonly target: RedisTarget;
  readonly log: Logger;
  readonly clock: Clock;
  readonly cluster: Cluster | undefined;
  readonly #prefix: string;
  readonly #client: Redis | Cluster;
  readonly #maxInFlight: number;
  readonly #watchers = new Set<(ready: boolean) => void>();
  #ready = false;
  #closed = false;
  #inFlight = 0;
  #refused = 0;
  #complainedAt: number | undefined;
  #reopening: Timer | undefined;

  constructor(target: RedisTarget, { log, clock, prefix, maxInFlight = 10_000 }: RedisCommandsOptions = {}) {
    this.target = target;
    this.#prefix = prefix ?? defaultPrefix(target);
    this.log = log ?? silentLogger;
    this.clock = clock ?? systemClock;
    this.#maxInFlight = maxInFlight;
    this.cluster = 'nodes' in target ? openCluster(target) : undefined;
    this.#client = this.cluster ?? openRedis(target);
    this.#listen();
  }

  /** Whether a command has a chance now. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Commands that were refused here, because Redis was away or too many waited. */
  get refused(): number {
    return this.#refused;
  }

  /** The name on Redis of a channel or key of this cluster. */
  name(own: string): string {
    return `${this.#prefix}:${own}`;
  }

  watch(watcher: (ready: boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  define(name: string, lua: string, numberOfKeys: number): void {
    this.#client.defineCommand(name, { lua, numberOfKeys });
  }

  /** Runs a script given to `define`. */
  script(name: string, args: readonly (string | number)[]): Promise<unknown> {
    type Scripts = Record<string, (...args: (string | number)[]) => Promise<unknown>>;
    return this.run((client) => {
      const command = (client as unknown as Scripts)[name];
      if (!command) throw new Error(`There is no script ${name}.`);
      return command.call(client, ...args);
    });
  }

  /**
   * Runs one command.
   *
   * @throws coordinatorUnavailable where Redis is away, at once, and where it does not answer in `commandTimeoutMs`.
   */
  async run<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T> {
    if (!this.#ready || this.#inFlight >= this.#maxInFlight) throw this.#refuse();
    this.#inFlight++;
    try {
      return await command(this.#client);
    } catch (error) {
      throw asSluiceError(error);
    } finally {
      this.#inFlight--;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reopening?.cancel();
    this.#set(false);
    this.#client.disconnect();
  }

  #listen(): void {
    this.#client.on('ready', () => void this.#becomeReady());
    for (const event of ['close', 'reconnecting', 'end'] as const) this.#client.on(event, () => this.#set(false));
    this.#client.on('end', () => this.#reopen());
    this.#client.on('error', (error: Error) => this.#complain(error));
    this.cluster?.on('node error', (error: Error) => this.#complain(error));
  }

  async #becomeReady(): Promise<void> {
    // A Cluster connects to its masters at their first command, and refuses the next ones meanwhile: so that is done.
    if (this.cluster) await Promise.allSettled(this.cluster.nodes('master').map((node) => node.ping()));
    if (this.#closed || this.#client.status !== 'ready') return;
    if (this.#complainedAt !== undefined) this.log.info({ redis: describeTarget(this.target) }, 'Redis is back.');
    this.#complainedAt = undefined;
    this.#set(true);
  }

  #set(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    for (const watcher of [...this.#watchers]) watcher(ready);
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#reopening = this.clock.setTimer(() => {
      this.#client.connect().catch(() => undefined);
    }, reopenAfterMs);
  }

  #complain(error: Error): void {
    const now = this.clock.now();
    if (this.#closed || (this.#complainedAt !== undefined && now - this.#complainedAt < complainEveryMs)) return;
    this.#complainedAt = now;
    this.log.warn({ redis: describeTarget(this.target), reason: error.message }, 'Redis cannot be reached; trying on.');
  }

  #refuse(): SluiceError {
    this.#refused++;
    return new SluiceError('coordinatorUnavailable', this.#ready ? 'Redis is overloaded.' : 'Redis is away.');
  }
}

export type { RedisCommands };

export function connectRedis(target: RedisTarget, options: RedisCommandsOptions = {}): RedisCommands {
  return new RedisCommands(target, options);
}

/** A command that Redis refuses for what it is, is our fault; all else is Redis's. */
function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const ours = error instanceof Error && error.name === 'ReplyError' && !passing.test(error.message);
  if (ours) return new SluiceError('internal', 'Redis refused a command.', { cause: error });
  return new SluiceError('coordinatorUnavailable', 'Redis did not answer.', { cause: error });
}
