import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';
import { SluiceClientError } from '../base/errors.ts';
import { backOff } from '../base/retry.ts';
import type { Connection } from './connection.ts';

interface Entry {
  /** In which order it was asked for. */
  order: number;
  isMessage: boolean;
  refusals: number;
  /** What it costs while no connection stands; set then alone. */
  deadline: ReturnType<typeof setTimeout> | undefined;
  deadlineMs: number;
  send: (connection: Connection) => Promise<unknown>;
  resolve: (reply: unknown) => void;
  reject: (error: SluiceClientError) => void;
}

/**
 * A gateway lets 200 actions through at once and 50 a second, and refuses what comes beyond. Kept below that, so that
 * nothing has to be said twice.
 */
const burst = 150;
const perSecond = 40;
/** A gateway holds so many unanswered actions, 128, and so many bytes of them: 24 of the largest messages fit. */
const atOnce = 24;
/** More than a room has reason for. Beyond it an action is refused at once. */
const mostWaiting = 1024;
/** An action that the gateway refuses for its rate is said again so often. */
const attempts = 6;
const pace = { firstMs: 250, mostMs: 4000 };

/**
 * Actions on their way out, at a pace that a gateway takes. While no connection stands, they wait; each ends once. Messages
 * go in their order, and behind everything else: a chat must not keep the media waiting.
 */
export class Outbox {
  readonly #waiting = new Set<Entry>();
  #connection: Connection | undefined;
  #count = 0;
  #underWay = 0;
  #allowance = burst;
  #allowanceAt = performance.now();
  #pausedUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Sends at once where the pace allows it, so that actions may be pipelined. Rejects with a `SluiceClientError`. */
  request<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs: number): Promise<Replies[A]> {
    if (this.#waiting.size >= mostWaiting) return Promise.reject(tooMuch());
    return new Promise<Replies[A]>((resolve, reject) => {
      const entry: Entry = {
        order: this.#count++,
        isMessage: action === 'sendMessage',
        refusals: 0,
        deadline: undefined,
        deadlineMs,
        send: (connection) => connection.request(action, fields, deadlineMs),
        resolve: resolve as (reply: unknown) => void,
        reject,
      };
      this.#queue(entry);
      this.#flush();
    });
  }

  /** A connection stands. It knows nothing of what was sent on the one before. */
  open(connection: Connection): void {
    this.#connection = connection;
    this.#underWay = 0;
    this.#allowance = burst;
    this.#pausedUntil = 0;
    for (const entry of this.#waiting) clearTimeout(entry.deadline);
    this.#flush();
  }

  /** No connection stands: what waits does so for its deadline at most. */
  shut(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
    for (const entry of this.#waiting) this.#expireLater(entry);
  }

  failAll(error: SluiceClientError): void {
    clearTimeout(this.#timer);
    for (const entry of [...this.#waiting]) this.#remove(entry).reject(error);
  }

  #queue(entry: Entry): void {
    this.#waiting.add(entry);
    if (!this.#connection) this.#expireLater(entry);
  }

  #expireLater(entry: Entry): void {
    clearTimeout(entry.deadline);
    entry.deadline = setTimeout(() => this.#remove(entry).reject(tooLate()), entry.deadlineMs);
  }

  #remove(entry: Entry): Entry {
    clearTimeout(entry.deadline);
    this.#waiting.delete(entry);
    return entry;
  }

  #flush(): void {
    while (this.#connection && this.#underWay < atOnce) {
      const entry = this.#next();
      if (!entry) return;
      const waitMs = this.#waitMs();
      if (waitMs > 0) return this.#flushAfter(waitMs);
      this.#allowance--;
      void this.#send(this.#remove(entry), this.#connection);
    }
  }

  #flushAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), ms);
  }

  /** The first of what is no message, else the first message; a refused one is as old as it was. */
  #next(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#waiting) if (!first || comesBefore(entry, first)) first = entry;
    return first;
  }

  /** How long until one more may be sent. */
  #waitMs(): number {
    const now = performance.now();
    this.#allowance = Math.min(burst, this.#allowance + ((now - this.#allowanceAt) * perSecond) / 1000);
    this.#allowanceAt = now;
    const untilAllowed = this.#allowance >= 1 ? 0 : Math.ceil(((1 - this.#allowance) * 1000) / perSecond);
    return Math.max(untilAllowed, Math.ceil(this.#pausedUntil - now));
  }

  async #send(entry: Entry, connection: Connection): Promise<void> {
    this.#underWay++;
    try {
      entry.resolve(await entry.send(connection));
    } catch (thrown) {
      const error = SluiceClientError.from(thrown, 'connectionLost');
      if (error.code === 'tooManyRequests' && ++entry.refusals < attempts) this.#again(entry, error);
      else entry.reject(error);
    }
    // Those of another connection are counted there.
    if (connection !== this.#connection) return;
    this.#underWay--;
    this.#flush();
  }

  /** Nothing more is said for as long as the gateway asks. */
  #again(entry: Entry, { retryAfterMs }: SluiceClientError): void {
    const waitMs = Math.max(retryAfterMs, backOff(entry.refusals, pace));
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + waitMs);
    this.#queue(entry);
  }
}

function comesBefore(one: Entry, other: Entry): boolean {
  return one.isMessage === other.isMessage ? one.order < other.order : other.isMessage;
}

const tooMuch = (): SluiceClientError =>
  new SluiceClientError('tooManyRequests', 'Too much is waiting to be sent.', {
    temporary: true,
    details: { limit: 'waiting' },
  });

/** Not `temporary` for `insist`: what has waited this long has waited enough. */
const tooLate = (): SluiceClientError => new SluiceClientError('timedOut', 'The connection did not come back in time.');
