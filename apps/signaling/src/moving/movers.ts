import type { Clock, Logger, NodeId, Registry, Timer } from '@sluice/shared';
import { jittered, SluiceError } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import { TokenBucket } from '../session/limits.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { movePeer } from './move-peer.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';

/** How often the sessions' places are looked at, in ms; a node known to be dead is looked at at once. */
const lookEveryMs = 250;
/** While more is to be moved than may be at the moment, they are looked at again after about so long, in ms. */
const lookAgainMs = 25;

type Cause = 'lost' | 'drain';

/**
 * How many moves are under way at a time, and how many are begun in a second, by each gateway. More is sooner done and
 * hits the next node harder: of a drain nobody notices anything, so it may take its time (a thousand peers in 25 s, within
 * a drain's deadline); after a death everybody waits (a thousand in 2 s).
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

interface Attempt {
  decidedAt: number;
  failures: number;
  notBefore: number;
  running: boolean;
  /** Where it failed: somewhere else is tried first. */
  readonly avoid: Set<NodeId>;
}

/**
 * Gives peers whose node drains, is lost or was fenced another place: first those whose node is lost. Whoever holds a
 * peer's session moves it; the peer's record in the room says whose it is, so two cannot both succeed.
 */
export class Movers {
  readonly #services: Services;
  readonly #registry: Registry;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: GatewayMetrics;
  readonly #attempts = new Map<Session, Attempt>();
  readonly #running: Record<Cause, number> = { lost: 0, drain: 0 };
  readonly #buckets: Record<Cause, TokenBucket>;
  #timer: Timer | undefined;
  #again: Timer | undefined;

  constructor(services: Services, registry: Registry) {
    this.#services = services;
    this.#registry = registry;
    this.#sessions = services.sessions;
    this.#clock = services.clock;
    this.#log = services.log;
    this.#metrics = services.metrics;
    this.#buckets = {
      lost: new TokenBucket(services.clock, limits.lost),
      drain: new TokenBucket(services.clock, limits.drain),
    };
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.look(), lookEveryMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#again?.cancel();
  }

  /** Looks at the nodes that sessions here depend on, and begins to move what has to be moved. */
  look(): void {
    if (!this.#services.bus.connected) return;
    const nodes = new Map(this.#registry.nodes().map(({ report }) => [report.address, report]));
    const lost: string[] = [];
    const draining: string[] = [];
    for (const address of this.#sessions.nodes()) {
      const node = nodes.get(address);
      if (!node) lost.push(address);
      else if (node.draining) draining.push(address);
    }
    this.#forgetAllBut(lost, draining);
    const areServed = !this.#registry.judging || this.#moveFrom(lost, 'lost');
    if (areServed && draining.length > 0 && this.#isAnyOpen()) this.#moveFrom(draining, 'drain');
  }

  /** Whoever is where it can stay: moved, gone, or its node's drain was cancelled. */
  #forgetAllBut(...unfit: string[][]): void {
    if (this.#attempts.size === 0) return;
    const addresses = new Set(unfit.flat());
    for (const [session, { running }] of this.#attempts) {
      const { state } = session;
      const isUnfit = state.phase === 'joined' && addresses.has(state.address);
      if (!running && !isUnfit) this.#attempts.delete(session);
    }
  }

  /** A draining node accepts nobody, so that it is another. */
  #isAnyOpen(): boolean {
    return this.#registry.nodes().some(({ report }) => report.accepting && !report.draining);
  }

  /** False where somebody has to wait, since enough is under way. */
  #moveFrom(addresses: readonly string[], cause: Cause): boolean {
    for (const address of addresses) {
      for (const session of this.#sessions.on(address)) {
        if (!this.#isDue(session)) continue;
        if (!this.#mayBegin(cause)) {
          this.#lookAgain();
          return false;
        }
        this.#begin(session, cause);
      }
    }
    return true;
  }

  #isDue(session: Session): boolean {
    const attempt = this.#attempts.get(session);
    if (attempt && (attempt.running || this.#clock.now() < attempt.notBefore)) return false;
    return session.place() !== undefined;
  }

  /** Those of a drain wait for those who have nothing at the moment. */
  #mayBegin(cause: Cause): boolean {
    const { lost, drain } = this.#running;
    const running = cause === 'lost' ? lost : lost + drain;
    return running < limits[cause].atOnce && this.#buckets[cause].take();
  }

  #lookAgain(): void {
    this.#again ??= this.#clock.setTimer(
      () => {
        this.#again = undefined;
        this.look();
      },
      jittered(lookAgainMs, 0.5),
    );
  }

  #begin(session: Session, cause: Cause): void {
    const now = this.#clock.now();
    const attempt = this.#attempts.get(session) ?? newAttempt(now);
    this.#attempts.set(session, attempt);
    attempt.running = true;
    this.#running[cause]++;
    void this.#run(session, cause, attempt).finally(() => {
      attempt.running = false;
      this.#running[cause]--;
    });
  }

  async #run(session: Session, cause: Cause, attempt: Attempt): Promise<void> {
    const began = this.#clock.now();
    const reason: MoveReason = cause === 'lost' ? 'nodeLost' : 'drain';
    const { decidedAt, avoid } = attempt;
    let result = 'ok';
    try {
      await movePeer(session, this.#services, { reason, decidedAt, avoid });
      this.#attempts.delete(session);
      this.#metrics.moves.inc({ reason, result });
    } catch (error) {
      result = SluiceError.from(error).code;
      this.#log.info({ reason, code: result }, 'A peer could not be moved yet.');
      this.#postpone(attempt, cause);
      if (attempt.failures === 0) this.#metrics.moves.inc({ reason, result });
    }
    this.#metrics.placing.observe({ reason, result }, (this.#clock.now() - began) / 1000);
  }

  #postpone(attempt: Attempt, cause: Cause): void {
    const isOver = ++attempt.failures >= triesAtMost;
    const waitMs = isOver ? restMs[cause] : Math.min(retryMs.first * 2 ** (attempt.failures - 1), retryMs.most);
    attempt.notBefore = this.#clock.now() + jittered(waitMs, 0.3);
    if (!isOver) return;
    attempt.failures = 0;
    attempt.avoid.clear();
  }
}

const newAttempt = (decidedAt: number): Attempt => ({
  decidedAt,
  failures: 0,
  notBefore: 0,
  running: false,
  avoid: new Set(),
});
