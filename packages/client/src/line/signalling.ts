import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';
import { SluiceClientError } from '../base/errors.ts';

/** Actions out, replies in: all that the parts of a room need to know of the way to the server. */
export interface Signalling {
  /** Rejects with a `SluiceClientError`. */
  request<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs?: number): Promise<Replies[A]>;
}

/** How often something is said again that may be said twice, when the connection ended before the answer. */
const insistences = 4;

/** Says again what a lost connection has swallowed. There is nothing to wait for: a line holds it until it stands. */
export async function insist<T>(say: () => Promise<T>): Promise<T> {
  for (let said = 1; ; said++) {
    try {
      return await say();
    } catch (error) {
      if (said === insistences || !isLost(error)) throw error;
    }
  }
}

const isLost = (error: unknown): boolean =>
  error instanceof SluiceClientError && error.code === 'connectionLost' && error.temporary;
