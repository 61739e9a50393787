import type { Connection } from './connection.ts';

export interface KeepAliveOptions {
  connection: Connection;
  /** Nothing was heard for so long that the connection must be dead, whatever the browser says. */
  onSilent: () => void;
}

/** A connection that is quiet for this long, in ms, is asked for a sign of life. Less costs a busy gateway more pings. */
const quietMs = 2000;
/**
 * A gateway answers within two seconds, and a ping at once unless a slow action is before it. One that has not said a word
 * for this long, in ms, is taken for dead. Coming back costs little, so a wrong guess does no harm.
 */
const silentMs = 3000;
const tickMs = 500;
/** Timers that come so late were held up: the tab was frozen, or the machine asleep. */
const heldUpMs = 5000;

/** Finds out that a connection is dead: a browser may take minutes, and its own pings are out of a page's reach. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tickedAt = performance.now();
  /** When a ping was sent that nothing has come since. */
  #askedAt: number | undefined;
  #framesHeard: number;
  #heardAt = performance.now();

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#framesHeard = options.connection.framesHeard;
    this.#tickLater();
  }

  /** Something outside says that the connection may be dead: asks at once. */
  probe(): void {
    this.#askedAt ??= this.#ask();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tickLater(): void {
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  #tick(): void {
    const now = performance.now();
    this.#listen(now);
    // What came meanwhile is still to be read: the wait begins now.
    if (now - this.#tickedAt > heldUpMs) this.#askedAt = this.#ask();
    this.#tickedAt = now;
    if (this.#askedAt !== undefined && now - this.#askedAt >= silentMs) return this.#options.onSilent();
    if (this.#askedAt === undefined && now - this.#heardAt >= quietMs) this.#askedAt = this.#ask();
    this.#tickLater();
  }

  #listen(now: number): void {
    const { framesHeard } = this.#options.connection;
    if (framesHeard === this.#framesHeard) return;
    this.#framesHeard = framesHeard;
    this.#heardAt = now;
    this.#askedAt = undefined;
  }

  #ask(): number {
    // Whatever comes next is a sign of life, and none is noticed here.
    this.#options.connection.request('ping', {}).catch(() => undefined);
    return performance.now();
  }
}
