import type { Clock } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import type { GatewayMetrics } from '../metrics.ts';

/** How a move came to its end: the client stands, or has to move again, or its session was over first. */
type MoveEnd = 'ok' | 'overtaken' | 'ended';

/** Measures how long a peer's move takes in all: from the decision until the client says that it stands. */
export class MoveTimer {
  readonly #clock: Clock;
  readonly #durations: GatewayMetrics['moveDuration'];
  #move: { reason: MoveReason; decidedAt: number } | undefined;

  constructor(clock: Clock, durations: GatewayMetrics['moveDuration']) {
    this.#clock = clock;
    this.#durations = durations;
  }

  /** The client has been told to move, which was decided at `decidedAt` on this process's clock. */
  start(reason: MoveReason, decidedAt: number): void {
    this.end('overtaken');
    this.#move = { reason, decidedAt };
  }

  end(result: MoveEnd): void {
    if (!this.#move) return;
    const { reason, decidedAt } = this.#move;
    this.#move = undefined;
    this.#durations.observe({ reason, result }, (this.#clock.now() - decidedAt) / 1000);
  }
}
