import { isSluiceError, type OperationResults } from '@sluice/shared';
import type { ActionFields, OkReply, Replies } from '@sluice/shared/protocol';
import type { OwnParams, PeerOperationName } from '../nodes/node-client.ts';
import type { SeatedName } from '../session/state.ts';
import { ok, type SeatCall, type SeatHandler } from './call.ts';

/** The operations whose parameters an action's fields are. */
type OperationFor<A extends SeatedName> = {
  [O in PeerOperationName]: ActionFields<A> extends OwnParams<O> ? O : never;
}[PeerOperationName];

type MakeReply<A extends SeatedName, O extends PeerOperationName> = (
  result: OperationResults[O],
  call: SeatCall<A>,
) => Replies[A];

/** The actions that are answered with no more than that they are done. */
type Plain = { [A in SeatedName]: OkReply extends Replies[A] ? A : never }[SeatedName];

/** Hands an action to the node that has the seat's peer, and makes the reply of its answer. */
export function forward<A extends SeatedName, O extends OperationFor<A>>(
  operation: O,
  reply: MakeReply<A, O>,
): SeatHandler<A> {
  return async (call) => reply(await askNode(call, operation, call.fields as OwnParams<O>), call);
}

/** As `forward`, for an action that is answered `ok`. */
export function forwardPlain<A extends Plain>(operation: OperationFor<A>): SeatHandler<A> {
  return forward(operation, (_result, call) => ok(call) as Replies[A]);
}

/**
 * Asks the node that has the seat's peer.
 *
 * @throws what the node answers; nodeUnavailable, deadlineExceeded and coordinatorUnavailable where it doesn't.
 */
export async function askNode<O extends PeerOperationName>(
  { seat, nodes, deadline }: Pick<SeatCall<SeatedName>, 'seat' | 'nodes' | 'deadline'>,
  operation: O,
  params: OwnParams<O>,
): Promise<OperationResults[O]> {
  try {
    const result = await nodes.call(seat.at(), operation, params, deadline);
    seat.media.note(operation, params, result);
    return result;
  } catch (error) {
    const { old } = seat;
    if (!old || !isElsewhere(error)) throw error;
    // While a peer moves, what it had before is still where it was.
    return nodes.call(seat.at(old.address), operation, params, deadline);
  }
}

const isElsewhere = (error: unknown): boolean =>
  isSluiceError(error, 'transportNotFound') ||
  isSluiceError(error, 'producerNotFound') ||
  isSluiceError(error, 'consumerNotFound');
