import type { Bus, Logger, Registry, Timer } from '@sluice/shared';
import { jittered, SluiceError } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import type { GatewayMetrics } from '../metrics.ts';
import { TokenBucket } from '../session/limits.ts';
import type { MoveAttempt, Seat } from '../session/seat.ts';
import type { Seats } from '../session/seats.ts';
import { movePeer, type MoveServices } from './move-peer.ts';

/** How often the seats' nodes are looked at, in ms; a node known to be dead is looked at at once. */
const lookEveryMs = 250;
/** While more is to be moved than may be at the moment, they are looked at again after about so long, in ms. */
const lookAgainMs = 25;

type Cause = 'lost' | 'drain';

/**
 * How many moves are under way at a time, and how many are begun in a second, by each gateway. More is sooner done and
 * hits the next node harder: a drain is not noticed by its peers, so it may take its time (a thousand peers in 25 s,
 * within a drain's deadline); after a death all of them wait (a thousand in 2 s).
 */
const limits = {
  lost: { atOnce: 64, perSecond: 500, burst: 64 },
  drain: { atOnce: 4, perSecond: 40, burst: 2 },
} as const satisfies Record<Cause, object>;

/** A move that failed is tried again after this, in ms, doubled each time, at a node that has not failed yet. */
const retryMs = { first: 200, most: 2000 } as const;
/** So many tries make a move that failed. Then there is a rest, in ms: nodes may come that are not there yet. */
const triesAtMost = 5;
const restMs = { lost: 2000, drain: 10_000 } as const satisfies Record<Cause, number>;

/** A node that its peers have to leave, for as long as they have to. A new one begins when it drains again. */
interface Unfit {
  cause: Cause;
}

export interface MoversOptions extends MoveServices {
  bus: Pick<Bus, 'connected'>;
  registry: Registry;
  seats: Seats;
  log: Logger;
  metrics: Pick<GatewayMetrics, 'moves' | 'placing'>;
}

/**
 * Gives peers whose node drains, is lost or was fenced another node: first those whose node is lost. The gateway that
 * holds a peer's session moves it; the peer's record in the room says which node has it, so two cannot both succeed.
 */
export class Movers {
  readonly #options: MoversOptions;
  readonly #unfit = new Map<string, Unfit>();
  readonly #running: Record<Cause, number> = { lost: 0, drain: 0 };
  readonly #buckets: Record<Cause, TokenBucket>;
  #timer: Timer | undefined;
  #again: Timer | undefined;

  constructor(options: MoversOptions) {
    const { clock } = options;
    this.#options = options;
    this.#buckets = { lost: new TokenBucket(clock, limits.lost), drain: new TokenBucket(clock, limits.drain) };
  }

  start(): void {
    this.#timer = this.#options.clock.setRepeating(() => this.look(), lookEveryMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#again?.cancel();
  }

  /** Looks at the nodes that seats here depend on, and begins to move what has to be moved. */
  look(): void {
    const { bus, registry } = this.#options;
    if (!bus.connected) return;
    this.#judge();
    const areServed = !registry.judging || this.#moveAll('lost');
    if (areServed && this.#isAnyOpen()) this.#moveAll('drain');
  }

  /** Notes which of the nodes in use have to be left, and forgets those that are fit again or not in use. */
  #judge(): void {
    const { registry, seats } = this.#options;
    const inUse = new Set(seats.nodes());
    for (const address of this.#unfit.keys()) if (!inUse.has(address)) this.#unfit.delete(address);
    for (const address of inUse) {
      const node = registry.pool.byAddress(address)?.report;
      if (node && !node.draining) this.#unfit.delete(address);
      else this.#note(address, node ? 'drain' : 'lost');
    }
  }

  #note(address: string, cause: Cause): void {
    const known = this.#unfit.get(address);
    if (known) known.cause = cause;
    else this.#unfit.set(address, { cause });
  }

  /** A draining node accepts no peers, so that it is another. */
  #isAnyOpen(): boolean {
    return this.#options.registry.pool.open().length > 0;
  }

  /** False where a peer has to wait, since enough is under way. */
  #moveAll(cause: Cause): boolean {
    for (const [address, unfit] of this.#unfit) {
      if (unfit.cause !== cause) continue;
      for (const seat of this.#options.seats.on(address)) {
        if (!this.#isDue(seat, unfit)) continue;
        if (!this.#mayBegin(cause)) {
          this.#lookAgain();
          return false;
        }
        this.#begin(seat, unfit, cause);
      }
    }
    return true;
  }

  #isDue(seat: Seat, unfit: Unfit): boolean {
    const { attempt } = seat;
    if (attempt?.running) return false;
    if (attempt?.cause === unfit && this.#options.clock.now() < attempt.notBefore) return false;
    return seat.record() !== undefined;
  }

  /** Those of a drain wait for those who have nothing at the moment. */
  #mayBegin(cause: Cause): boolean {
    const { lost, drain } = this.#running;
    const running = cause === 'lost' ? lost : lost + drain;
    return running < limits[cause].atOnce && this.#buckets[cause].take();
  }

  #lookAgain(): void {
    this.#again ??= this.#options.clock.setTimer(
      () => {
        this.#again = undefined;
        this.look();
      },
      jittered(lookAgainMs, 0.5),
    );
  }

  #begin(seat: Seat, unfit: Unfit, cause: Cause): void {
    const isSame = seat.attempt?.cause === unfit;
    const attempt = (isSame ? seat.attempt : undefined) ?? newAttempt(unfit, this.#options.clock.now());
    seat.attempt = attempt;
    attempt.running = true;
    this.#running[cause]++;
    void this.#run(seat, cause, attempt).finally(() => {
      attempt.running = false;
      this.#running[cause]--;
    });
  }

  async #run(seat: Seat, cause: Cause, attempt: MoveAttempt): Promise<void> {
    const { clock, log, metrics } = this.#options;
    const began = clock.now();
    const reason: MoveReason = cause === 'lost' ? 'nodeLost' : 'drain';
    const { decidedAt, avoid } = attempt;
    let result = 'ok';
    try {
      await movePeer(seat, this.#options, { reason, decidedAt, avoid });
      metrics.moves.inc({ reason, result });
    } catch (error) {
      result = SluiceError.from(error).code;
      log.info({ reason, code: result }, 'A peer could not be moved yet.');
      this.#postpone(attempt, cause);
      if (attempt.failures === 0) metrics.moves.inc({ reason, result });
    }
    metrics.placing.observe({ reason, result }, (clock.now() - began) / 1000);
  }

  #postpone(attempt: MoveAttempt, cause: Cause): void {
    const isOver = ++attempt.failures >= triesAtMost;
    const waitMs = isOver ? restMs[cause] : Math.min(retryMs.first * 2 ** (attempt.failures - 1), retryMs.most);
    attempt.notBefore = this.#options.clock.now() + jittered(waitMs, 0.3);
    if (!isOver) return;
    attempt.failures = 0;
    attempt.avoid.clear();
  }
}

const newAttempt = (cause: Unfit, decidedAt: number): MoveAttempt => ({
  cause,
  decidedAt,
  failures: 0,
  notBefore: 0,
  running: false,
  avoid: new Set(),
});
