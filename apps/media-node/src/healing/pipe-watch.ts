import type { Clock, Timer } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { LinkEnd } from '../pipes/link-end.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Slice } from '../room/slice.ts';
import { Pulse } from './pulse.ts';
import { Ways } from './ways.ts';

/** How often it is asked which links are due for a look, in ms. A look is one question to the worker. */
const tickMs = 250;
/** A pair that dies so soon after it was made anew was not what was wrong, in ms. */
const againMs = 10_000;
/** A pair that comes so soon after a silence was made because of it, in ms. */
const silentMs = 1000;

export interface PipeWatchOptions {
  readonly clock: Clock;
  readonly metrics: NodeMetrics;
  readonly slices: Iterable<Slice>;
}

/**
 * Finds the links from other nodes that should carry media and don't, and has their producers carried another way.
 * Redis may see both nodes while the network between them is cut.
 */
export class PipeWatch {
  readonly ways: Ways;
  readonly #node: PipeWatchOptions;
  readonly #pulses = new WeakMap<LinkEnd, Pulse>();
  readonly #looking = new WeakSet<LinkEnd>();
  readonly #seen = new WeakSet<LinkEnd>();
  /** When a pair of a room with another node was last made anew; `open`: whether that helped is not known yet. */
  readonly #remade = new Map<string, { at: number; open: boolean }>();
  /** When nothing was last seen to come from a node to a room. */
  readonly #silent = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(node: PipeWatchOptions) {
    this.#node = node;
    this.ways = new Ways(node.clock);
  }

  start(): void {
    this.#timer = this.#node.clock.setRepeating(() => this.tick(), tickMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  tick(): void {
    const now = this.#node.clock.now();
    for (const [key, { at }] of this.#remade) if (now - at > againMs) this.#remade.delete(key);
    for (const [key, at] of this.#silent) if (now - at > silentMs) this.#silent.delete(key);
    for (const slice of this.#node.slices) {
      for (const end of slice.links.ends) if (end.scope === 'node') this.#consider(slice, end, now);
    }
  }

  /** A pair is gone, and what it carried is carried anew: whether that helped is counted when it shows. */
  remade(slice: Slice, end: LinkEnd): void {
    this.#remade.set(keyOf(slice, end), { at: this.#node.clock.now(), open: true });
  }

  #consider(slice: Slice, end: LinkEnd, now: number): void {
    if (!carriesMedia(slice, end)) {
      this.#pulses.delete(end);
      return;
    }
    const fresh = !this.#seen.has(end);
    this.#seen.add(end);
    const pulse = this.#pulses.get(end) ?? this.#begin(slice, end, { now, fresh });
    if (this.#looking.has(end) || !pulse.isDue(now)) return;
    this.#looking.add(end);
    this.#look(slice, end, pulse)
      .catch((error: unknown) => {
        // Whether the other node lives is for others to find out; an end may close at any moment.
        slice.log.debug({ code: SluiceError.from(error).code }, 'A link could not be looked at.');
      })
      .finally(() => this.#looking.delete(end));
  }

  #begin(slice: Slice, end: LinkEnd, { now, fresh }: { now: number; fresh: boolean }): Pulse {
    const key = keyOf(slice, end);
    // The other side was first to make it anew, and counts it.
    if (fresh && this.#silent.has(key) && !this.#remade.has(key)) this.#remade.set(key, { at: now, open: false });
    const suspect = this.#remade.has(key) || this.ways.isAvoided(end.farAddress ?? '');
    const pulse = new Pulse({ now, fresh, suspect });
    this.#pulses.set(end, pulse);
    return pulse;
  }

  async #look(slice: Slice, end: LinkEnd, pulse: Pulse): Promise<void> {
    const { clock } = this.#node;
    const { received } = await end.traffic();
    if (pulse.look(received, clock.now())) return this.#works(slice, end);
    if (!pulse.shouldAsk(clock.now())) return;
    this.#silent.set(keyOf(slice, end), clock.now());
    const answer = await slice.links.sweep(end);
    if (!answer) return;
    this.#node.metrics.pipeRepairs.inc({ kind: 'lost', result: 'ok' }, answer.lost);
    if (!answer.known) return this.remade(slice, end);
    pulse.told(answer.sent, clock.now());
    if (pulse.isDead(clock.now())) this.#repair(slice, end, pulse);
  }

  #works(slice: Slice, end: LinkEnd): void {
    this.ways.forget(end.farAddress ?? '');
    this.#silent.delete(keyOf(slice, end));
    this.#conclude(slice, end, 'ok');
  }

  #repair(slice: Slice, end: LinkEnd, pulse: Pulse): void {
    const address = end.farAddress ?? '';
    const again = this.#remade.has(keyOf(slice, end));
    const remedy = this.ways.judge(address, { again, since: pulse.since });
    this.#conclude(slice, end, 'silent');
    this.#pulses.delete(end);
    if (remedy === 'wait') return;
    slice.log.warn({ from: address, remedy, producers: end.taken.size }, 'Nothing comes of what is sent on a pipe.');
    if (remedy === 'remake') {
      this.remade(slice, end);
      slice.links.sever(end);
      return;
    }
    // The other side keeps sending until it hears of it, or the sweep tells it.
    slice.links.release(end, [...end.taken.keys()]).catch(() => undefined);
  }

  #conclude(slice: Slice, end: LinkEnd, result: 'ok' | 'silent'): void {
    const remade = this.#remade.get(keyOf(slice, end));
    if (!remade?.open) return;
    remade.open = false;
    this.#node.metrics.pipeRepairs.inc({ kind: 'remade', result });
  }
}

const keyOf = (slice: Slice, end: LinkEnd): string => `${slice.room}|${end.farAddress}`;

/** Whether anything should come: not of data, nor of what is paused, nor of producers without demand behind it. */
function carriesMedia(slice: Slice, end: LinkEnd): boolean {
  for (const [producerId, taken] of end.taken) {
    if ('kind' in taken && !taken.paused && slice.demand.wants(producerId)) return true;
  }
  return false;
}

/** The nodes that media comes from or goes to. */
export function* pipedTo(slices: Iterable<Slice>): Generator<string> {
  for (const slice of slices) {
    for (const { farAddress } of slice.links.ends) if (farAddress !== undefined) yield farAddress;
  }
}
