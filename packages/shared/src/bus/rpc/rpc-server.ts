import type * as z from 'zod';
import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logging.ts';
import type { Bus } from '../bus.ts';
import type { BusMetrics } from './bus-metrics.ts';
import type { ReplyEnvelope, RequestEnvelope } from './envelope.ts';
import { encodeEnvelope } from './envelope.ts';
import { Lateness } from './lateness.ts';

export interface CallContext {
  /** The same for a call and its retry. */
  id: string;
  /** The caller's inbox. */
  from: string;
  trace: string | undefined;
  /** On this process's own clock; past it the caller does not wait for the result any more. */
  deadline: number;
}

export interface ServedOperation {
  params: z.ZodType;
  run(params: never, context: CallContext): Promise<unknown>;
}

interface Remembered {
  /** Undefined while the operation is still running. */
  reply: string | undefined;
  until: number;
}

/**
 * How many answered calls are remembered for retries, and how many characters of their answers at most. At 1,000 a second
 * the first covers a deadline twice over. The second is for long answers: the oldest are forgotten sooner then, and a retry
 * of such a call is done again.
 */
const rememberedCalls = 4096;
const rememberedLength = 16 * 1024 * 1024;

/**
 * Does operations that others ask for. What is garbage is counted and dropped, or answered `badRequest` where there is
 * somebody to answer; a repeated id is answered from memory; the process lives whatever comes.
 */
export class RpcServer {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: BusMetrics;
  readonly #operations: ReadonlyMap<string, ServedOperation>;
  readonly #onReply: ((to: string) => void) | undefined;
  readonly #remembered = new Map<string, Remembered>();
  #length = 0;
  readonly #lateness = new Lateness();

  constructor(options: {
    bus: Bus;
    clock: Clock;
    log: Logger;
    metrics: BusMetrics;
    operations: Readonly<Record<string, ServedOperation>>;
    /** Called before a reply is sent to that process. */
    onReply?: (to: string) => void;
  }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#operations = new Map(Object.entries(options.operations));
    this.#onReply = options.onReply;
  }

  async accept(request: RequestEnvelope): Promise<void> {
    if (request.ttlMs <= this.#lateBy(request)) {
      this.#metrics.dropped.inc({ reason: 'expired' });
      return;
    }
    const known = this.#remembered.get(request.id);
    if (known) {
      this.#metrics.dropped.inc({ reason: 'repeated' });
      if (known.reply !== undefined) await this.#answer(request.from, known.reply);
      return;
    }
    const entry: Remembered = { reply: undefined, until: this.#clock.now() + 2 * request.ttlMs };
    this.#remember(request.id, entry);
    const reply = encodeEnvelope(await this.#perform(request));
    this.#keep(request.id, entry, reply);
    await this.#answer(request.from, reply);
  }

  /** The caller has given up by then, and may have done something else instead. */
  #lateBy({ from, at }: RequestEnvelope): number {
    return at === undefined ? 0 : this.#lateness.of(from, at, this.#clock.now());
  }

  async #perform(request: RequestEnvelope): Promise<ReplyEnvelope> {
    const { id, operation } = request;
    try {
      const served = this.#operations.get(operation);
      if (!served) throw new SluiceError('badRequest', `There is no operation ${operation}.`);
      const params = served.params.safeParse(request.params);
      if (!params.success) {
        const path = params.error.issues[0]?.path.join('.') ?? '';
        throw new SluiceError('badRequest', `The operation's ${path || 'parameters'} cannot be read.`, {
          details: { path },
        });
      }
      const context = { id, from: request.from, trace: request.trace, deadline: this.#clock.now() + request.ttlMs };
      return { type: 'reply', id, result: await served.run(params.data as never, context) };
    } catch (thrown) {
      const error = SluiceError.from(thrown);
      if (error.code === 'internal') this.#log.error({ error: error.cause ?? error, operation }, 'Operation failed.');
      return { type: 'reply', id, error: error.toWire() };
    }
  }

  async #answer(to: string, reply: string): Promise<void> {
    this.#onReply?.(to);
    try {
      const heard = await this.#bus.publish(to, reply);
      if (heard === 0) this.#metrics.noReceiver.inc({ target: 'reply' });
    } catch {
      // The bus is away: the caller's deadline tells it, and its retry finds the remembered reply.
      this.#metrics.dropped.inc({ reason: 'replyUnsent' });
    }
  }

  #remember(id: string, entry: Remembered): void {
    const now = this.#clock.now();
    for (const [oldId, old] of this.#remembered) {
      if (this.#remembered.size < rememberedCalls && old.until > now) break;
      this.#forget(oldId, old);
    }
    this.#remembered.set(id, entry);
  }

  /** The answer of a call that has been forgotten meanwhile is not kept. */
  #keep(id: string, entry: Remembered, reply: string): void {
    if (this.#remembered.get(id) !== entry) return;
    entry.reply = reply;
    this.#length += reply.length;
    for (const [oldId, old] of this.#remembered) {
      if (this.#length <= rememberedLength) return;
      // One that is still running must not be begun a second time.
      if (old.reply !== undefined) this.#forget(oldId, old);
    }
  }

  #forget(id: string, { reply }: Remembered): void {
    this.#remembered.delete(id);
    this.#length -= reply?.length ?? 0;
  }
}
