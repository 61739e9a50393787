import type * as z from 'zod';
import type { Clock, Timer } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logging.ts';
import type { NodeOperationName, OperationParams, OperationResults } from '../../protocol/cluster/operations.ts';
import type { Bus, Subscription, Unsubscribe } from '../bus.ts';
import { AfterReplies } from './after-replies.ts';
import type { BusMetrics } from './bus-metrics.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, type Notice } from './envelope.ts';
import { NoticeOutbox } from './notice-outbox.ts';
import type { CallOptions } from './rpc-client.ts';
import { RpcClient } from './rpc-client.ts';
import type { ServedOperation } from './rpc-server.ts';
import { RpcServer } from './rpc-server.ts';

export interface NoticeHandler {
  body: z.ZodType;
  handle(body: never): void;
}

export interface EndpointOptions {
  bus: Bus;
  clock: Clock;
  log: Logger;
  metrics: BusMetrics;
  /** The channel that is this process's address. */
  inbox: string;
  operations?: Readonly<Record<string, ServedOperation>>;
  notices?: Readonly<Record<string, NoticeHandler>>;
}

/** How often a process proves to itself that it hears, and how long it may hear nothing before it says so. */
const pingEveryMs = 1000;
const deafAfterMs = 3500;
const selfPing = 'self';
/** How long an old address is heard after a rename, in ms: longer than the replies to its calls take. */
const renamedForMs = 5000;

/** A process on the bus: one inbox, through which it asks, is asked, is told, and hears itself. */
export class Endpoint {
  #inbox: string;
  readonly #options: EndpointOptions;
  readonly #client: RpcClient;
  readonly #server: RpcServer;
  readonly #outbox: NoticeOutbox;
  readonly #notices: ReadonlyMap<string, NoticeHandler>;
  readonly #received = new AfterReplies(
    (message) => this.#take(message),
    (error) => this.#options.log.error({ error: SluiceError.from(error) }, 'A message could not be handled.'),
  );
  #subscription: Subscription | undefined;
  #pinging: Timer | undefined;
  #unwatch: Unsubscribe | undefined;
  #heardSelfAt = 0;
  #pingSentAt = 0;

  constructor(options: EndpointOptions) {
    this.#inbox = options.inbox;
    this.#options = options;
    this.#client = new RpcClient({ ...options, inbox: () => this.#inbox });
    this.#outbox = new NoticeOutbox((address, notices) => this.#sendNotices(address, notices));
    this.#server = new RpcServer({
      ...options,
      operations: options.operations ?? {},
      onReply: (to) => this.#outbox.flush(to),
    });
    this.#notices = new Map(Object.entries(options.notices ?? {}));
  }

  async start(): Promise<void> {
    const { bus, clock, metrics } = this.#options;
    this.#heardSelfAt = clock.now();
    metrics.connected.set(bus.connected ? 1 : 0);
    this.#unwatch = bus.onChange((connected) => {
      metrics.connected.set(connected ? 1 : 0);
      if (connected) metrics.reconnects.inc();
    });
    this.#subscription = await bus.subscribe(this.inbox, (message) => this.#receive(message));
    this.#pinging = clock.setRepeating(() => this.#ping(), pingEveryMs);
  }

  /** The channel that is this process's address. */
  get inbox(): string {
    return this.#inbox;
  }

  /**
   * Takes another address: a process whose boot was fenced goes on as a new one. What the old one is sent is heard
   * still.
   */
  async rename(inbox: string): Promise<void> {
    const old = this.#subscription;
    this.#subscription = await this.#options.bus.subscribe(inbox, (message) => this.#receive(message));
    this.#inbox = inbox;
    this.#options.clock.setTimer(() => void old?.unsubscribe().catch(() => undefined), renamedForMs);
  }

  /** Whether the bus stands and this process has heard itself lately: what readiness asks. */
  get hearing(): boolean {
    return this.#options.bus.connected && this.#options.clock.now() - this.#heardSelfAt < deafAfterMs;
  }

  call<O extends NodeOperationName>(
    address: string,
    operation: O,
    params: OperationParams<O>,
    options: CallOptions,
  ): Promise<OperationResults[O]> {
    return this.#client.call(address, operation, params, options) as Promise<OperationResults[O]>;
  }

  /** Ends the calls to a process that is lost. */
  abandon(address: string): void {
    this.#client.abandon(address);
  }

  /**
   * Tells, without waiting for an answer: in one message with whatever else that process is told in this turn of the
   * event loop, and before the next reply to it. Notices without a subscriber are counted.
   */
  notify(address: string, topic: string, body: unknown): void {
    this.#outbox.add(address, { topic, body });
  }

  async close(): Promise<void> {
    this.#outbox.flushAll();
    this.#pinging?.cancel();
    this.#unwatch?.();
    this.#client.close();
    await this.#subscription?.unsubscribe();
  }

  #receive(text: string): void {
    const message = decodeEnvelope(text);
    if (!message) {
      this.#options.metrics.dropped.inc({ reason: 'garbage' });
      return;
    }
    this.#received.accept(message);
  }

  #take(message: Envelope): void {
    if (message.type === 'reply') this.#client.accept(message);
    else if (message.type === 'request') void this.#server.accept(message);
    else if (message.type === 'ping') this.#heardPing(message.id);
    else for (const { topic, body } of message.notices) this.#acceptNotice(topic, body);
  }

  #sendNotices(address: string, notices: readonly Notice[]): void {
    const { bus, metrics } = this.#options;
    bus.publish(address, encodeEnvelope({ type: 'notices', notices })).then(
      (heard) => {
        if (heard === 0) metrics.noReceiver.inc({ target: 'notice' }, notices.length);
      },
      () => metrics.dropped.inc({ reason: 'noticeUnsent' }, notices.length),
    );
  }

  #acceptNotice(topic: string, body: unknown): void {
    const handler = this.#notices.get(topic);
    const parsed = handler?.body.safeParse(body);
    if (!handler || !parsed?.success) {
      this.#options.metrics.dropped.inc({ reason: 'garbage' });
      return;
    }
    try {
      handler.handle(parsed.data as never);
    } catch (error) {
      this.#options.log.error({ error: SluiceError.from(error), topic }, 'A notice could not be handled.');
    }
  }

  #ping(): void {
    const { bus, clock } = this.#options;
    this.#pingSentAt = clock.now();
    bus.publish(this.inbox, encodeEnvelope({ type: 'ping', id: selfPing })).catch(() => undefined);
  }

  /** A beat of a process that depends on this one needs no answer: that it was heard is the answer. */
  #heardPing(id: string): void {
    if (id !== selfPing) return;
    this.#heardSelfAt = this.#options.clock.now();
    this.#options.metrics.selfPing.set((this.#heardSelfAt - this.#pingSentAt) / 1000);
  }
}
