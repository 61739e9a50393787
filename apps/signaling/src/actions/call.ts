import type { ActionFields, ActionName, OkReply, Replies } from '@sluice/shared/protocol';
import { isSluiceError, type OperationResults } from '@sluice/shared';
import type { OwnParams, PeerOperationName } from '../nodes/node-client.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session/session.ts';

/** One action of one session, decoded. */
export interface Call<A extends ActionName> {
  fields: ActionFields<A>;
  session: Session;
  services: Services;
  /** On the process's clock: past it the action is answered `deadlineExceeded`. */
  deadline: number;
}

/** The reply, or how to make it in the very turn in which it is sent. */
export type Outcome<A extends ActionName> = Replies[A] | (() => Replies[A]);

/** Does one action. What it throws is what the client is answered. */
export type Handler<A extends ActionName> = (call: Call<A>) => Promise<Outcome<A>>;

export function ok(action: ActionName): OkReply {
  return { type: 'ok', action };
}

/**
 * Asks the node that has this session's peer.
 *
 * @throws notJoined, and whatever the node answers; nodeUnavailable, deadlineExceeded and coordinatorUnavailable where
 * it doesn't.
 */
export async function askNode<O extends PeerOperationName>(
  { session, services, deadline }: Omit<Call<ActionName>, 'fields'>,
  operation: O,
  params: OwnParams<O>,
): Promise<OperationResults[O]> {
  const state = session.joined();
  try {
    const result = await services.nodes.call(state, operation, params, deadline);
    state.media.note(operation, params, result);
    return result;
  } catch (error) {
    const { old } = session.joined();
    if (!old || !isElsewhere(error)) throw error;
    // While a peer moves, what it had before is still where it was.
    return services.nodes.call({ ...state, address: old.address }, operation, params, deadline);
  }
}

const isElsewhere = (error: unknown): boolean =>
  isSluiceError(error, 'transportNotFound') ||
  isSluiceError(error, 'producerNotFound') ||
  isSluiceError(error, 'consumerNotFound');
