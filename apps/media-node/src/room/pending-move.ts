import type { Clock, Timer } from '@sluice/shared';
import { jittered } from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';

/**
 * When an unanswered notice is sent again, in ms after the one before. The first few are for a message that was lost or a
 * gateway that had not heard of the session yet; in the end, some 30 s after the first, the peer's session would be over.
 */
const repeatAfterMs = [500, 1000, 2000, 4000, 8000, 16_000] as const;
/** Where the gateway was answered with the notice: the client has a drain's overlap to answer before it is repeated. */
const firstAfterAnswer = 3;

/** A move that a peer's client was told of, or should have been, and that it has not answered with `moved` yet. */
export class PendingMove {
  readonly event: MoveEvent;
  /** When this node decided on the move; undefined where a gateway did, which measures the move itself. */
  readonly decidedAt: number | undefined;
  readonly #clock: Clock;
  #repeats: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, event: MoveEvent, decidedAt: number | undefined) {
    this.#repeats = decidedAt === undefined ? firstAfterAnswer : 0;
    this.#clock = clock;
    this.event = event;
    this.decidedAt = decidedAt;
  }

  /** Sends the notice again now and then, until `stop()` or until the last of the repeats. */
  repeat(send: () => void): void {
    const afterMs = repeatAfterMs[this.#repeats++];
    if (afterMs === undefined) return;
    this.#timer = this.#clock.setTimer(
      () => {
        send();
        this.repeat(send);
      },
      jittered(afterMs, 0.2),
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
