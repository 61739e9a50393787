import type { Clock, Drainable, DrainStatus, Owner, Registry, Timer } from '@sluice/shared';
import { releaseMedia } from './old-place.ts';
import type { NodeConfig } from '../config.ts';
import type { Slices } from '../room/slices.ts';
import type { Peer } from '../room/peer.ts';

/** How often a draining node looks whether it is empty, in ms. */
const lookEveryMs = 100;
/**
 * How long it waits for another node that could take its peers, in ms, where there is none. Longer lets a replacement
 * come up; shorter ends a cluster that is stopped as a whole.
 */
const nowhereMs = 3000;

export interface DrainOptions {
  readonly owner: Owner;
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly slices: Slices;
  readonly registry: Registry;
}

export type DrainOutcome = 'empty' | 'deadline' | 'cancelled';

interface Running {
  outcome: Promise<DrainOutcome>;
  end(outcome: DrainOutcome): void;
  look: Timer;
  deadline: Timer | undefined;
  givenUp: boolean;
}

/**
 * Takes nothing new and lets what is here be moved. The registry says that the node drains; the gateways do the moving,
 * paced and make before break. It is over when no peer is left, or at the deadline; the node takes no peers from then
 * on either, until the drain is cancelled.
 */
export class Drain implements Drainable {
  readonly #node: DrainOptions;
  readonly #clock: Clock;
  #moved = 0;
  #failed = 0;
  /** When another node was last known that takes peers. */
  #elsewhereAt = 0;
  #draining = false;
  #running: Running | undefined;

  constructor(node: DrainOptions) {
    this.#node = node;
    this.#clock = node.clock;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get status(): DrainStatus {
    return {
      draining: this.#draining,
      over: this.#draining && !this.#running,
      remaining: this.#remaining(),
      moved: this.#moved,
      failed: this.#failed,
    };
  }

  /** A peer went to another node. */
  moved(): void {
    if (this.#running) this.#moved++;
  }

  begin(deadlineMs = this.#node.config.drainDeadlineMs): void {
    void this.run(deadlineMs);
  }

  /** Resolves with how it ended. One that runs already goes on, with a new deadline. */
  run(deadlineMs: number): Promise<DrainOutcome> {
    const running = this.#running ?? this.#enter();
    running.deadline?.cancel();
    running.deadline = this.#clock.setTimer(() => this.#giveUp(running), deadlineMs);
    this.#look(running);
    return running.outcome;
  }

  /** Everyone who is still here stays, and others may come again. */
  cancel(): void {
    this.#draining = false;
    this.#running?.end('cancelled');
    this.#node.registry.beat();
  }

  #enter(): Running {
    this.#moved = 0;
    this.#failed = 0;
    this.#elsewhereAt = this.#clock.now();
    const { promise: outcome, resolve } = Promise.withResolvers<DrainOutcome>();
    const end = (how: DrainOutcome) => {
      running.look.cancel();
      running.deadline?.cancel();
      if (this.#running === running) this.#running = undefined;
      resolve(how);
    };
    const look = this.#clock.setRepeating(() => this.#look(running), lookEveryMs);
    const running: Running = { outcome, end, look, deadline: undefined, givenUp: false };
    this.#running = running;
    this.#draining = true;
    this.#node.registry.beat();
    return running;
  }

  #look(running: Running): void {
    if (this.#isEmpty()) running.end('empty');
    else if (this.#clock.now() - this.#lastElsewhere() > nowhereMs) this.#giveUp(running);
  }

  #remaining(): number {
    return [...this.#node.slices].reduce((sum, slice) => sum + slice.entered().length, 0);
  }

  #lastElsewhere(): number {
    const { owner, registry } = this.#node;
    const others = registry.nodes().filter(({ report }) => report.id !== owner.node);
    const open = others.some(({ report }) => report.accepting && !report.draining);
    if (open) this.#elsewhereAt = this.#clock.now();
    return this.#elsewhereAt;
  }

  /**
   * No peer is here, and no peer's old place either: viewers still watch a moved peer from here until it says `moved`.
   * Peers without a session are not waited for: no gateway moves them, and the gateway that resumes one places it
   * elsewhere.
   */
  #isEmpty(): boolean {
    const waits = [...this.#node.slices].filter(
      (slice) => slice.joining > 0 || [...slice.peers.values()].some(isAttached),
    );
    return waits.length === 0;
  }

  /** Who is still here loses what it has here. */
  #giveUp(running: Running): void {
    if (running.givenUp) return;
    running.givenUp = true;
    const places = [...this.#node.slices].flatMap((slice) => slice.entered().map((peer) => ({ slice, peer })));
    this.#failed = places.length;
    const released = places.map((place) => releaseMedia(this.#node, place, 'drained'));
    void Promise.all(released).finally(() => running.end('deadline'));
  }
}

const isAttached = ({ detached }: Peer): boolean => !detached;
