import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';
import type { Connection } from './connection.ts';
import { SluiceClientError } from '../base/errors.ts';

interface Waiting {
  send: (connection: Connection) => void;
  fail: (error: SluiceClientError) => void;
}

/** More than a room has reason for within the half minute that an outage may last. */
const atMost = 256;

/** Actions that were asked for while there was no connection. Each keeps its place in line and its deadline. */
export class WaitingRequests {
  readonly #waiting = new Set<Waiting>();

  add<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs: number): Promise<Replies[A]> {
    if (this.#waiting.size >= atMost) return Promise.reject(lost('Too much was asked while there was no connection.'));
    const until = performance.now() + deadlineMs;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(one);
        settle();
      };
      const one: Waiting = {
        send: (connection) =>
          finish(() => resolve(connection.request(action, fields, Math.max(1, until - performance.now())))),
        fail: (error) => finish(() => reject(error)),
      };
      const expired = (): void => one.fail(lost('The connection did not come back in time.'));
      const timer = setTimeout(expired, deadlineMs);
      this.#waiting.add(one);
    });
  }

  sendAll(connection: Connection): void {
    for (const one of [...this.#waiting]) one.send(connection);
  }

  failAll(error: SluiceClientError): void {
    for (const one of [...this.#waiting]) one.fail(error);
  }
}

/** Not `temporary` for `insist`: who has waited this long has waited enough. */
const lost = (message: string): SluiceClientError => new SluiceClientError('timedOut', message);
