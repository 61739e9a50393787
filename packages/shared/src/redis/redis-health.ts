import type { Cluster, Redis } from 'ioredis';
import { jittered, type Timer } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { createIdSequence } from '../base/ids.ts';
import type { RedisCommands } from './redis-commands.ts';
import { readInfo, serverFaults } from './redis-info.ts';

/** Between two checks, in ms. More often finds a full or misconfigured Redis sooner, and costs two commands each time. */
const whenWellMs = 5000;
/** While something is wrong: being ready again is worth more than a command a second. */
const whenNotMs = 1000;
const probeScript = 'sluice-write-probe';

/** What the directory's scripts write with, on keys that live 10 s at most. A user's rights are checked command by command. */
const probeLua = `
local hash, set, stream, channel = unpack(KEYS)
redis.call('HSET', hash, 'a', 1)
redis.call('HINCRBY', hash, 'a', 1)
redis.call('SADD', set, 'a')
redis.call('XADD', stream, 'MAXLEN', '~', 1, '*', 'a', 1)
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], 10000) end
redis.call(ARGV[1], channel, '')
redis.call('HDEL', hash, 'a')
redis.call('DEL', hash, set, stream)`;

/** Whether Redis can do what a cluster needs of it: heard is not yet written. Checked at each connection, and by and by. */
export class RedisHealth {
  readonly #commands: RedisCommands;
  readonly #id = createIdSequence()();
  readonly #unwatch: () => void;
  #faults: readonly string[] = ['Redis has not been checked yet'];
  #logged = '';
  #timer: Timer | undefined;
  #checking = false;
  #closed = false;

  constructor(commands: RedisCommands) {
    this.#commands = commands;
    commands.define(probeScript, probeLua, 4);
    this.#unwatch = commands.watch((ready) => ready && this.#soon(0));
    this.#soon(0);
  }

  /** Why a process that depends on this Redis isn't ready. None while Redis is away: that is the bus's to say. */
  get faults(): readonly string[] {
    return this.#commands.ready ? this.#faults : [];
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#timer?.cancel();
  }

  #soon(delayMs: number): void {
    if (this.#closed || this.#checking) return;
    this.#timer?.cancel();
    this.#timer = this.#commands.clock.setTimer(() => void this.#check(), jittered(delayMs, 0.25));
  }

  async #check(): Promise<void> {
    this.#checking = true;
    try {
      if (this.#commands.ready) this.#take(await this.#ask());
    } catch {
      // Redis went away in the middle. What was found before stands until it can be asked again.
    } finally {
      this.#checking = false;
      this.#soon(this.#faults.length > 0 ? whenNotMs : whenWellMs);
    }
  }

  /** Each change is logged once. */
  #take(faults: readonly string[]): void {
    const { log } = this.#commands;
    this.#faults = faults;
    const now = faults.join('; ');
    if (now === this.#logged) return;
    this.#logged = now;
    if (faults.length > 0) log.error({ reasons: faults }, 'Redis cannot serve this cluster as it is.');
    else log.info('Redis can serve this cluster.');
  }

  async #ask(): Promise<string[]> {
    const { cluster } = this.#commands;
    const masters = cluster ? cluster.nodes('master') : [undefined];
    const found = (await Promise.all(masters.map((master) => this.#faultsOf(master)))).flat();
    // A replica that was named by mistake: each refused write would make a new connection to it.
    const written = found.some(({ replica }) => replica) ? [] : await this.#writeFaults();
    return [...new Set([...found.map(({ text }) => text), ...written])];
  }

  async #faultsOf(master: Redis | undefined) {
    const { cluster, target } = this.#commands;
    const text = await this.#allowed((client) => (master ?? (client as Redis)).info());
    if (text === undefined) return [];
    const faults = serverFaults(readInfo(text), { sharded: cluster !== undefined });
    return faults.filter(({ replica }) => !replica || 'host' in target);
  }

  async #writeFaults(): Promise<string[]> {
    const { cluster } = this.#commands;
    const key = (name: string) => this.#commands.name(`probe:{${this.#id}}:${name}`);
    const args = [key('hash'), key('set'), key('stream'), key('channel'), cluster ? 'SPUBLISH' : 'PUBLISH'];
    try {
      await this.#commands.script(probeScript, args);
      return [];
    } catch (error) {
      const answer = replyOf(error);
      if (answer === undefined) throw error;
      return [`Redis refuses to write: ${answer}`];
    }
  }

  /** Undefined where the user may not ask: not knowing is no fault. */
  async #allowed<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#commands.run(command);
    } catch (error) {
      if (replyOf(error) === undefined) throw error;
      return undefined;
    }
  }
}

/** What Redis itself answered, where it did. */
function replyOf(error: unknown): string | undefined {
  const cause = error instanceof SluiceError ? error.cause : error;
  return cause instanceof Error && cause.name === 'ReplyError' ? cause.message.slice(0, 200) : undefined;
}
