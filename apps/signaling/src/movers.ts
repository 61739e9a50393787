import type { Clock, Logger, NodeId, Registry, Timer } from '@sluice/shared';
import { jittered, SluiceError } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import type { GatewayMetrics } from './metrics.ts';
import { movePeer } from './move-peer.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** How often the sessions' places are looked at, in ms; a node known to be dead is looked at once at once. */
const lookEveryMs = 250;
/**
 * How many moves are under way at a time. More is sooner done and hits the next node harder: of a drain nobody notices
 * anything, so it may take its time; after a death everybody waits.
 */
const atOnce = { drain: 4, lost: 64 } as const;
/** Between the starts of two moves of a drain, in ms. */
const drainPaceMs = 25;
/** A move that failed is tried again after this, in ms, doubled each time up to the limit. */
const retryMs = { first: 200, most: 2000 } as const;

interface Attempt {
  decidedAt: number;
  failures: number;
  notBefore: number;
  running: boolean;
}

/**
 * Gives peers whose node drains, is lost or was fenced another place. Whoever holds a peer's session moves it; the peer's
 * record in the room says whose it is, so two cannot both succeed.
 */
export class Movers {
  readonly #services: Services;
  readonly #registry: Registry;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: GatewayMetrics;
  readonly #attempts = new Map<Session, Attempt>();
  #timer: Timer | undefined;
  #lastDrainMove = Number.NEGATIVE_INFINITY;

  constructor(services: Services, registry: Registry) {
    this.#services = services;
    this.#registry = registry;
    this.#sessions = services.sessions;
    this.#clock = services.clock;
    this.#log = services.log;
    this.#metrics = services.metrics;
  }

  start(): void {
    this.#timer = this.#clock.setRepeating(() => this.look(), lookEveryMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Looks at every session's place now. */
  look(): void {
    for (const session of this.#attempts.keys()) if (!session.open) this.#attempts.delete(session);
    if (!this.#services.bus.connected) return;
    const nodes = new Map(this.#registry.nodes().map(({ report }) => [report.boot, report]));
    for (const session of this.#sessions.inRooms()) {
      const place = session.place();
      if (!place) continue;
      const node = nodes.get(place.boot);
      if (!node && this.#registry.judging) this.#try(session, 'nodeLost');
      else if (node?.draining && this.#hasElsewhere(place.node)) this.#try(session, 'drain');
    }
  }

  #hasElsewhere(node: NodeId): boolean {
    return this.#registry.nodes().some(({ report }) => report.id !== node && report.accepting && !report.draining);
  }

  #try(session: Session, reason: MoveReason): void {
    const now = this.#clock.now();
    const attempt = this.#attempts.get(session) ?? { decidedAt: now, failures: 0, notBefore: 0, running: false };
    if (attempt.running || now < attempt.notBefore || !this.#mayStart(reason, now)) return;
    this.#attempts.set(session, { ...attempt, running: true });
    void this.#run(session, reason, attempt);
  }

  #mayStart(reason: MoveReason, now: number): boolean {
    const running = [...this.#attempts.values()].filter((attempt) => attempt.running).length;
    if (reason !== 'drain') return running < atOnce.lost;
    if (running >= atOnce.drain || now - this.#lastDrainMove < drainPaceMs) return false;
    this.#lastDrainMove = now;
    return true;
  }

  async #run(session: Session, reason: MoveReason, { decidedAt, failures }: Attempt): Promise<void> {
    const began = this.#clock.now();
    let result = 'ok';
    try {
      await movePeer(session, this.#services, { reason, decidedAt });
      this.#attempts.delete(session);
    } catch (error) {
      result = SluiceError.from(error).code;
      const wait = jittered(Math.min(retryMs.first * 2 ** failures, retryMs.most), 0.3);
      const notBefore = this.#clock.now() + wait;
      this.#attempts.set(session, { decidedAt, failures: failures + 1, notBefore, running: false });
      this.#log.info({ reason, code: result }, 'A peer could not be moved yet.');
    }
    this.#metrics.moves.inc({ reason, result });
    this.#metrics.placing.observe({ reason, result }, (this.#clock.now() - began) / 1000);
    // The next in line need not wait for the next look.
    if (reason !== 'drain') this.look();
  }
}
