import type { Bus, Clock, Logger, Timer } from '@sluice/shared';
import { forEachBounded, jittered, SluiceError } from '@sluice/shared';
import type { NodeMetrics } from '../metrics.ts';
import type { LinkEnd } from '../pipes/link-end.ts';
import type { Slice } from '../room/slice.ts';
import type { Slices } from '../room/slices.ts';
import { Claims, type ClaimsOptions } from './claims.ts';
import { differencesOf } from './compare.ts';

export interface SweepOptions extends ClaimsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly slices: Slices;
  readonly pipeWatch: { remade(slice: Slice, end: LinkEnd): void };
}

/**
 * Every how many ms the directory and the pipes are compared with what is here. More often heals a lost message, or a key
 * that Redis has lost, sooner; each costs a script for each room and an exchange for each pair of routers between nodes.
 */
const sweepEveryMs = 3000;

/** The others' patience, in ms: who was silent for so long may have been fenced. */
const frozenAfterMs = 2000;

/** How many rooms are compared at once, and how many pairs between nodes are asked about: a dead node answers none. */
const atOnce = { rooms: 16, pipes: 64 } as const;

/**
 * The last of three: what the prompt path missed and the retry did not reach, the sweep puts right. Claims, records and
 * pipes run side by side: a room or a node that fails or hangs delays none of the others.
 */
export class Sweep {
  readonly #node: SweepOptions;
  readonly #claims: Claims;
  readonly #timers: Timer[] = [];
  readonly #running = new Set<string>();
  #unwatch: (() => void) | undefined;

  constructor(node: SweepOptions) {
    this.#node = node;
    this.#claims = new Claims(node);
  }

  start(): void {
    const { clock, bus } = this.#node;
    this.#timers.push(
      clock.setRepeating(() => this.#runAll(), jittered(sweepEveryMs, 0.1)),
      this.#watchForFreezes(),
    );
    // Owners speak first when Redis comes back: it may know nothing any more.
    this.#unwatch = bus.onChange((connected) => {
      if (connected) this.#runAll();
    });
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#unwatch?.();
  }

  /** A process that slept through its lease may own nothing any more: it asks before it does anything else. */
  #watchForFreezes(): Timer {
    const { clock } = this.#node;
    let last = clock.now();
    return clock.setRepeating(() => {
      const slept = clock.now() - last;
      last = clock.now();
      if (slept > frozenAfterMs) this.#runAll();
    }, frozenAfterMs / 8);
  }

  #runAll(): void {
    void this.#run('claims and records', async () => {
      await this.#claims.run();
      await forEachBounded(this.#node.slices, atOnce.rooms, (slice) => this.#compare(slice), this.#later);
    });
    void this.#run('pipes', () =>
      forEachBounded(this.#ends(), atOnce.pipes, ({ slice, end }) => this.#ask(slice, end), this.#later),
    );
  }

  /** Not again while it is still under way. */
  async #run(name: string, act: () => Promise<void>): Promise<void> {
    if (this.#running.has(name)) return;
    this.#running.add(name);
    await act().finally(() => this.#running.delete(name));
  }

  readonly #later = (error: unknown): void => {
    this.#node.log.debug({ code: SluiceError.from(error).code }, 'A part of the sweep will be made later.');
  };

  async #compare(slice: Slice): Promise<void> {
    if (!slice.feed.position || slice.closed || slice.fenced) return;
    const changes = differencesOf(slice);
    if (changes.length === 0) return;
    await slice.commit(...changes);
    for (const { type } of changes) this.#node.metrics.repairs.inc({ kind: type });
  }

  *#ends(): Generator<{ slice: Slice; end: LinkEnd }> {
    for (const slice of this.#node.slices) for (const end of slice.links.ends) yield { slice, end };
  }

  async #ask(slice: Slice, end: LinkEnd): Promise<void> {
    const swept = await slice.links.sweep(end);
    this.#node.metrics.repairs.inc({ kind: 'pipe' }, swept?.lost ?? 0);
    if (swept?.known === false) this.#node.pipeWatch.remade(slice, end);
  }
}
