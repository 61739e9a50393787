import { type Clock, jittered } from '@sluice/shared';
import { tooMany } from '../session/refusals.ts';

/**
 * How many joins and resumes of a gateway are under way at a time. More is sooner through where nodes and Redis are far
 * away; fewer leaves the others' actions more of the nodes.
 */
const atOnce = 128;
/**
 * One that takes longer than this, in ms, goes on beside the others: joins that hang at one frozen node hold back those at
 * other nodes no longer.
 */
const heldMs = 500;
/** How many more wait for their turn. */
const maxWaiting = 4096;
/** How long they wait, in ms: short enough that what is left of an action's deadline is enough for the join itself. */
const longestWaitMs = 1000;
/** When those that are refused may come again, in ms, each at a time of its own. */
const retry = { afterMs: 1500, spread: 0.6 } as const;

interface Waiting {
  begin(): void;
}

/**
 * Bounds how many joins and resumes are under way. Of a thousand clients that come at once, from a gateway that was
 * killed, a part is served at a time, in the order they came; the rest is told when to come again.
 */
export class Entrance {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** @throws tooManyRequests where its turn doesn't come in time; what `work` throws. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= atOnce) await this.#turn();
    else this.#underWay++;
    let left = false;
    const leave = () => {
      if (!left) this.#leave();
      left = true;
    };
    const timer = this.#clock.setTimer(leave, heldMs);
    try {
      return await work();
    } finally {
      timer.cancel();
      leave();
    }
  }

  /** The one that leaves hands its place over. */
  #leave(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#underWay--;
      return;
    }
    this.#waiting.delete(next);
    next.begin();
  }

  #turn(): Promise<void> {
    if (this.#waiting.size >= maxWaiting) return Promise.reject(refused());
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        begin: () => {
          timer.cancel();
          resolve();
        },
      };
      const timer = this.#clock.setTimer(() => {
        this.#waiting.delete(waiting);
        reject(refused());
      }, longestWaitMs);
      this.#waiting.add(waiting);
    });
  }
}

const refused = () =>
  tooMany('entries', jittered(retry.afterMs, retry.spread), 'Too many clients are joining at this gateway.');
