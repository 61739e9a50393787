import type { Clock, Drainable, DrainStatus, ServedOperation } from '@sluice/shared';
import { drainServed, nodeOperations } from '@sluice/shared';
import type { Seat } from './session/seat.ts';
import type { Seats } from './session/seats.ts';

/** How long a client that was told to go elsewhere has for it once its time has come, in ms. */
const elsewhereMs = 2000;

export interface GatewayDrainOptions {
  seats: Seats;
  clock: Clock;
  /** 0 up to and without 1. */
  random: () => number;
  defaultSpreadMs: number;
  /** The cluster should hear of it. */
  onChange: () => void;
}

/**
 * Sends the clients of a gateway to others, each after a time of its own, so that those are not overrun. It takes no
 * new ones until that is called off; clients that were sent away by then go.
 */
export class GatewayDrain implements Drainable {
  readonly #options: GatewayDrainOptions;
  #until: number | undefined;
  #before = 0;

  constructor(options: GatewayDrainOptions) {
    this.#options = options;
  }

  get draining(): boolean {
    return this.#until !== undefined;
  }

  /** `moved` counts the clients that have gone since it began. */
  get status(): DrainStatus {
    const { seats, clock } = this.#options;
    const remaining = seats.size;
    const over = this.#until !== undefined && (remaining === 0 || clock.now() > this.#until);
    const moved = Math.max(0, this.#before - remaining);
    return { draining: this.draining, over, remaining, moved, failed: over ? remaining : 0 };
  }

  /** Again, it only has a new deadline: those who were sent have their time. */
  begin(spreadMs = this.#options.defaultSpreadMs): void {
    const { seats, clock, onChange } = this.#options;
    const isNew = !this.draining;
    this.#until = clock.now() + spreadMs + elsewhereMs;
    if (!isNew) return;
    this.#before = seats.size;
    onChange();
    for (const seat of seats.all()) this.#send(seat, spreadMs);
  }

  /** A connection that stood when the drain began has joined since: it is sent away too. */
  joined(seat: Seat): void {
    if (this.#until !== undefined) this.#send(seat, Math.max(0, this.#until - elsewhereMs - this.#options.clock.now()));
  }

  #send(seat: Seat, spreadMs: number): void {
    seat.notice({ type: 'goingAway', reconnectAfterMs: Math.round(this.#options.random() * spreadMs) });
  }

  cancel(): void {
    this.#until = undefined;
    this.#options.onChange();
  }
}

/** @param own asked at each operation: the drain is made after the endpoint that serves it. */
export function servedDrain(own: () => GatewayDrain): Record<string, ServedOperation> {
  const served = () => drainServed(own());
  return {
    drain: { params: nodeOperations.drain, run: (params: never) => served().drain(params) },
    cancelDrain: { params: nodeOperations.cancelDrain, run: () => served().cancelDrain() },
    drainStatus: { params: nodeOperations.drainStatus, run: () => served().drainStatus() },
  };
}
