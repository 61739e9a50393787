import type { Clock, Timer } from '../../base/clock.ts';
import { jittered } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { createIdSequence } from '../../base/ids.ts';
import type { Bus } from '../bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { ReplyEnvelope } from './envelope.ts';
import { encodeEnvelope } from './envelope.ts';

export interface CallOptions {
  /** Milliseconds from now within which the result must be here. It never outlives the caller's own deadline. */
  ttlMs: number;
  trace?: string | undefined;
}

interface Pending {
  address: string;
  resolve(result: unknown): void;
  reject(error: SluiceError): void;
}

/** More calls than this in flight means that something is badly wrong; the next is refused instead of remembered. */
const maxPending = 20_000;

/** By then the operations that are in flight have ended or run out of time, in ms. */
const retryAfterMs = 1000;

/**
 * Asks operations of other processes. A call ends once: with its result, a typed error, or `deadlineExceeded`; at once
 * with `nodeUnavailable` where the address has no subscriber, or its process is lost meanwhile. Unanswered at half its
 * time, it is sent again under the same id, which the receiver answers without doing it twice.
 */
export class RpcClient {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #inbox: () => string;
  readonly #metrics: BusMetrics;
  readonly #pending = new Map<string, Pending>();
  readonly #nextId = createIdSequence();

  /** `inbox` says where replies are to be sent: asked at each call, since a process may take another address. */
  constructor(options: { bus: Bus; clock: Clock; inbox: () => string; metrics: BusMetrics }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#inbox = options.inbox;
    this.#metrics = options.metrics;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  async call(address: string, operation: string, params: unknown, options: CallOptions): Promise<unknown> {
    const began = this.#clock.now();
    let result = 'ok';
    try {
      return await this.#exchange(address, operation, params, options);
    } catch (error) {
      result = SluiceError.from(error).code;
      throw error;
    } finally {
      this.#metrics.requests.observe({ method: operation, result }, (this.#clock.now() - began) / 1000);
    }
  }

  /** Settles the call that the reply belongs to. A reply to a call that has ended is counted and dropped. */
  accept(reply: ReplyEnvelope): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) {
      this.#metrics.dropped.inc({ reason: 'lateReply' });
      return;
    }
    if (reply.error) pending.reject(SluiceError.fromWire(reply.error));
    else pending.resolve(reply.result);
  }

  /** The process at this address is lost: what it was asked will not be answered. */
  abandon(address: string): void {
    this.#rejectAll('The process that was to do that is lost.', (pending) => pending.address === address);
  }

  close(): void {
    this.#rejectAll('This process is stopping.');
  }

  #rejectAll(why: string, applies: (pending: Pending) => boolean = () => true): void {
    for (const pending of [...this.#pending.values()]) {
      if (applies(pending)) pending.reject(new SluiceError('nodeUnavailable', why));
    }
  }

  #exchange(address: string, operation: string, params: unknown, options: CallOptions): Promise<unknown> {
    if (this.#pending.size >= maxPending) throw tooManyInFlight();
    const id = this.#nextId();
    const deadline = this.#clock.now() + options.ttlMs;
    return new Promise((resolve, reject) => {
      const timers: Timer[] = [];
      const end = () => {
        this.#pending.delete(id);
        for (const timer of timers) timer.cancel();
      };
      const pending: Pending = {
        address,
        resolve: (result) => (end(), resolve(result)),
        reject: (error) => (end(), reject(error)),
      };
      this.#pending.set(id, pending);
      const send = () => this.#send(address, operation, { id, params, deadline, trace: options.trace }, pending);
      // Made when it is needed: an error takes its stack with it, which costs more than the rest of a call.
      const late = () => pending.reject(new SluiceError('deadlineExceeded', `No answer to ${operation} in time.`));
      timers.push(this.#clock.setTimer(late, options.ttlMs));
      timers.push(
        this.#clock.setTimer(
          () => {
            this.#metrics.retries.inc({ method: operation });
            send();
          },
          jittered(options.ttlMs / 2, 0.1),
        ),
      );
      send();
    });
  }

  #send(
    address: string,
    operation: string,
    call: { id: string; params: unknown; deadline: number; trace: string | undefined },
    pending: Pending,
  ): void {
    const message = encodeEnvelope({
      type: 'request',
      id: call.id,
      operation,
      params: call.params,
      from: this.#inbox(),
      ttlMs: Math.max(0, Math.round(call.deadline - this.#clock.now())),
      at: Math.round(this.#clock.now()),
      ...(call.trace !== undefined && { trace: call.trace }),
    });
    this.#bus.publish(address, message).then(
      (heard) => {
        if (heard !== 0) return;
        this.#metrics.noReceiver.inc({ target: address.split(':')[0] ?? 'other' });
        pending.reject(new SluiceError('nodeUnavailable', 'There is no process to do that.'));
      },
      (error: unknown) => pending.reject(SluiceError.from(error)),
    );
  }
}

function tooManyInFlight(): SluiceError {
  const details = { limit: 'operations', retryAfterMs };
  return new SluiceError('tooManyRequests', 'Too many operations in flight.', { details });
}
