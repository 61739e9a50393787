import type { Clock } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import type { GatewayMetrics } from '../metrics.ts';
import type { Session } from './session.ts';

interface Underway {
  reason: MoveReason;
  /** On this process's clock. */
  decidedAt: number;
}

/** How a move came to its end: the client stands, or has to move again, or its session was over first. */
type MoveEnd = 'ok' | 'overtaken' | 'ended';

/** How long moves take in all: from the decision until the client says that it stands. At most one a session. */
export class MoveTimes {
  readonly #clock: Clock;
  readonly #durations: GatewayMetrics['moveDuration'];
  readonly #underway = new Map<Session, Underway>();

  constructor(clock: Clock, durations: GatewayMetrics['moveDuration']) {
    this.#clock = clock;
    this.#durations = durations;
  }

  /** The client has been told to move, which was decided at `decidedAt`. */
  told(session: Session, reason: MoveReason, decidedAt: number): void {
    this.end(session, 'overtaken');
    this.#underway.set(session, { reason, decidedAt });
  }

  end(session: Session, result: MoveEnd): void {
    const move = this.#underway.get(session);
    if (!move) return;
    this.#underway.delete(session);
    this.#durations.observe({ reason: move.reason, result }, (this.#clock.now() - move.decidedAt) / 1000);
  }
}
