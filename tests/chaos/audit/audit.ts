import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@sluice/shared/testing';
import type { Stage } from '../stage.ts';
import { DirectoryReader } from './directory-room.ts';
import { disagreements } from './disagreements.ts';
import { askHoldings } from './holdings.ts';
import { type Lasting, Ledger } from './ledger.ts';

const sampleEveryMs = 250;

/**
 * The longest that Redis, nodes and gateways may differ about a room, in ms. A lost process is noticed after a lease (2 s);
 * the sweep runs every 5 s, up to a tenth later; its operation has 2 s.
 */
export const mayDifferMs = 10_000;

/** Compares the records of rooms in Redis with their nodes and gateways all the time, during faults too. */
export class Audit implements AsyncDisposable {
  readonly directory: DirectoryReader;
  readonly #stage: Stage;
  readonly #rooms: Map<string, Ledger>;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #samples = 0;
  #failure: unknown;

  constructor(stage: Stage, rooms: readonly string[]) {
    this.#stage = stage;
    this.directory = new DirectoryReader(stage.redis.port);
    this.#rooms = new Map(rooms.map((room) => [room, new Ledger()]));
    this.#done = this.#run();
  }

  get longest(): Lasting {
    return this.#lasting().toSorted((one, other) => other.ms - one.ms)[0] ?? { text: '', ms: 0 };
  }

  /** The number of complete comparisons. */
  get samples(): number {
    return this.#samples;
  }

  /** Resolves when nothing differs any more; rejects with the differences. */
  async agrees(withinMs: number): Promise<void> {
    const from = this.#samples;
    const open = (): string[] => [...this.#rooms.values()].flatMap((ledger) => ledger.open.map(({ text }) => text));
    await eventually('all to agree', () => this.#samples >= from + 2 && open().length === 0, {
      withinMs,
      everyMs: 50,
    }).catch(() => {
      if (open().length > 0) throw new Error(`Not all agree: ${shortened(open()).join('; ')}.`);
      throw new Error('Nothing could be compared.', { cause: this.#failure });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    this.directory.close();
  }

  #lasting(): Lasting[] {
    return [...this.#rooms.values()].map(({ longest }) => longest);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let last = performance.now();
    while (!signal.aborted) {
      const began = performance.now();
      // Time without samples is not counted: after an outage of Redis the durations go on where they ended.
      const sinceMs = Math.min(began - last, 2 * sampleEveryMs);
      last = began;
      await this.#sample(sinceMs);
      const restMs = Math.max(0, began + sampleEveryMs - performance.now());
      await wait(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sample(sinceMs: number): Promise<void> {
    try {
      const made = await Promise.all([...this.#rooms].map(([room, ledger]) => this.#compare(room, ledger, sinceMs)));
      if (made.every(Boolean)) this.#samples++;
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** False while Redis is away: there is no record to compare with. */
  async #compare(room: string, ledger: Ledger, sinceMs: number): Promise<boolean> {
    const { nodes, cluster } = this.#stage;
    const [directory, holdings] = await Promise.all([
      this.directory.read(room).catch(() => undefined),
      askHoldings({ nodes, gateways: cluster.gateways }, room),
    ]);
    if (!directory) return false;
    ledger.take(disagreements(directory, holdings), holdings.unknown, sinceMs);
    return true;
  }
}

const mostTold = 4;

const shortened = (texts: readonly string[]): string[] =>
  texts.length <= mostTold ? [...texts] : [...texts.slice(0, mostTold), `and ${texts.length - mostTold} more`];
