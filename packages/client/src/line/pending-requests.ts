import type { ActionName, ErrorFrame, Reply, Replies } from '@sluice/shared/protocol';
import { SluiceClientError } from '../base/errors.ts';

interface Pending {
  action: ActionName;
  resolve: (reply: Reply) => void;
  reject: (error: SluiceClientError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Actions that wait for their answer. Each ends once: in its reply, an error, its deadline, or the connection's end.
 */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** Takes a number for a request that is about to be sent; the promise settles within `deadlineMs`. */
  open<A extends ActionName>(action: A, deadlineMs: number): { id: number; reply: Promise<Replies[A]> } {
    const id = this.#nextId++;
    const reply = new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id, deadlineMs), deadlineMs);
      this.#pending.set(id, { action, resolve, reject, timer });
    });
    // The server answers an action with that action's reply: the one thing that is believed and not checked here.
    return { id, reply: reply as Promise<Replies[A]> };
  }

  /** False when no request waits for this id (any more). */
  settle(id: unknown, frame: Reply | ErrorFrame): boolean {
    const pending = this.#take(id);
    if (!pending) return false;
    if (frame.type === 'error') pending.reject(SluiceClientError.fromFrame(frame));
    else pending.resolve(frame);
    return true;
  }

  failAll(error: SluiceClientError): void {
    for (const id of this.#pending.keys()) this.#take(id)?.reject(error);
  }

  get size(): number {
    return this.#pending.size;
  }

  #expire(id: number, deadlineMs: number): void {
    const pending = this.#take(id);
    pending?.reject(new SluiceClientError('timedOut', `No answer to ${pending.action} within ${deadlineMs} ms.`));
  }

  #take(id: unknown): Pending | undefined {
    if (typeof id !== 'number') return undefined;
    const pending = this.#pending.get(id);
    if (pending) clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }
}
