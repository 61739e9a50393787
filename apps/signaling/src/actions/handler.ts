import type { ActionFields, ActionName, OkReply, Replies } from '@sluice/shared/protocol';
import type { OperationResults } from '@sluice/shared';
import type { OwnParams, PeerOperationName } from '../node-client.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';

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
export function askNode<O extends PeerOperationName>(
  { session, services, deadline }: Omit<Call<ActionName>, 'fields'>,
  operation: O,
  params: OwnParams<O>,
): Promise<OperationResults[O]> {
  return services.nodes.call(session.joined(), operation, params, deadline);
}
