import { type Clock, type DrainStatus, SluiceError, type Timer } from '@sluice/shared';
import { releasePlace } from './places.ts';
import type { MediaNode } from './media-node.ts';
import type { Peer } from './peer.ts';

/** How often a draining node looks whether it is empty, in ms. */
const lookEveryMs = 100;
/**
 * How long it waits for another node that could take its peers, in ms, where there is none. Longer lets a replacement
 * come up; shorter ends a cluster that is stopped as a whole.
 */
const nowhereMs = 3000;

/**
 * Takes nothing new and lets what is here be moved. The registry says that the node drains; the gateways do the moving,
 * paced and make before break. It ends when nobody is left, at the deadline, or when it is cancelled.
 */
export class Drain {
  readonly #node: MediaNode;
  readonly #clock: Clock;
  #moved = 0;
  #failed = 0;
  /** When another node was last known that takes peers. */
  #elsewhereAt = 0;
  #running: { resolve(outcome: 'empty' | 'deadline' | 'cancelled'): void; timers: Timer[] } | undefined;

  constructor(node: MediaNode, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  get draining(): boolean {
    return this.#running !== undefined;
  }

  get status(): DrainStatus {
    return { draining: this.draining, remaining: this.#remaining(), moved: this.#moved, failed: this.#failed };
  }

  /** A peer went to another node. */
  moved(): void {
    if (this.draining) this.#moved++;
  }

  /** Resolves with how it ended. A second call while one runs has no effect but a new deadline. */
  run(deadlineMs: number): Promise<'empty' | 'deadline' | 'cancelled'> {
    this.#running?.resolve('cancelled');
    this.#moved = 0;
    this.#failed = 0;
    this.#elsewhereAt = this.#clock.now();
    return new Promise((resolve) => {
      const end = (outcome: 'empty' | 'deadline' | 'cancelled') => {
        for (const timer of timers) timer.cancel();
        if (this.#running?.timers === timers) this.#running = undefined;
        resolve(outcome);
      };
      let givenUp = false;
      const over = () => {
        if (!givenUp) void this.#giveUp().then(() => end('deadline'));
        givenUp = true;
      };
      const timers: Timer[] = [
        this.#clock.setRepeating(() => {
          if (this.#isEmpty()) end('empty');
          else if (this.#clock.now() - this.#lastElsewhere() > nowhereMs)
            void this.#giveUp().then(() => end('deadline'));
        }, lookEveryMs),
        this.#clock.setTimer(() => over(), deadlineMs),
      ];
      this.#running = { resolve: end, timers };
      this.#node.registry.beat();
      if (this.#isEmpty()) end('empty');
    });
  }

  cancel(): void {
    this.#running?.resolve('cancelled');
    this.#node.registry.beat();
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
   * Nobody here, and nobody's old place here either: who moved is still watched from it until it says so. Peers without
   * a session are not waited for: nobody moves them, and whoever resumes one finds it another place.
   */
  #isEmpty(): boolean {
    const waits = [...this.#node.slices].filter(
      (slice) => slice.joining > 0 || [...slice.peers.values()].some(isAttached),
    );
    return waits.length === 0;
  }

  async #giveUp(): Promise<void> {
    const places = [...this.#node.slices].flatMap((slice) => slice.entered().map((peer) => ({ slice, peer })));
    this.#failed = places.length;
    await Promise.all(places.map(({ slice, peer }) => releasePlace(this.#node, slice, peer, 'drained')));
  }
}

const isAttached = ({ detached, movedAway }: Peer): boolean => !detached || movedAway;

/** A drain by the private port: `POST /drain?deadlineMs=…`, `GET /drain` for how far it is, `DELETE /drain`. */
export function drainRoutes(node: MediaNode) {
  return {
    'GET /drain': () => node.drain.status,
    'POST /drain': (query: URLSearchParams) => {
      const deadlineMs = Number(query.get('deadlineMs') ?? node.config.drainDeadlineMs);
      if (!(deadlineMs >= 0)) {
        throw new SluiceError('badRequest', 'deadlineMs is a number of ms.', { details: { path: 'deadlineMs' } });
      }
      void node.drain.run(deadlineMs);
      return node.drain.status;
    },
    'DELETE /drain': () => {
      node.drain.cancel();
      return node.drain.status;
    },
  };
}
