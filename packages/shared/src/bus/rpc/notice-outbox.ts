import type { Notice } from './envelope.ts';

/** Notices in one message: about 64 KB of small ones. More would only hold up what else is sent to that process. */
const mostAtOnce = 256;

/**
 * Notices of one turn of the event loop that go to the same process travel in one message: what happens to hundreds of
 * peers at once costs as many messages as there are processes to tell.
 */
export class NoticeOutbox {
  readonly #send: (address: string, notices: readonly Notice[]) => void;
  readonly #waiting = new Map<string, Notice[]>();

  constructor(send: (address: string, notices: readonly Notice[]) => void) {
    this.#send = send;
  }

  add(address: string, notice: Notice): void {
    if (this.#waiting.size === 0) setImmediate(() => this.flushAll());
    const waiting = this.#waiting.get(address);
    if (!waiting) this.#waiting.set(address, [notice]);
    else if (waiting.push(notice) >= mostAtOnce) this.flush(address);
  }

  /** Sends now what waits for that process: before anything else is sent there, so that the order stays. */
  flush(address: string): void {
    const waiting = this.#waiting.get(address);
    if (!waiting) return;
    this.#waiting.delete(address);
    this.#send(address, waiting);
  }

  flushAll(): void {
    for (const address of [...this.#waiting.keys()]) this.flush(address);
  }
}
