import type { ActionFields, ActionName, OkReply, Replies } from '@sluice/shared/protocol';
import type { NodeClient } from '../nodes/node-client.ts';
import type { Seat } from '../session/seat.ts';
import type { Session } from '../session/session.ts';
import type { EntryName, SeatedName } from '../session/state.ts';

interface Decoded<A extends ActionName> {
  action: A;
  fields: ActionFields<A>;
  /** On the process's clock: past it the action is answered `deadlineExceeded`. */
  deadline: number;
}

/** An action of a session that has a seat. */
export interface SeatCall<A extends SeatedName> extends Decoded<A> {
  seat: Seat;
  nodes: NodeClient;
}

/** A join or a resume. */
export interface EntryCall<A extends EntryName> extends Decoded<A> {
  session: Session;
}

/** The reply, or how to make it in the very turn in which it is sent. */
export type Outcome<A extends ActionName> = Replies[A] | (() => Replies[A]);

/** Does one action. What it throws is what the client is answered. */
export type SeatHandler<A extends SeatedName> = (call: SeatCall<A>) => Promise<Outcome<A>>;
export type EntryHandler<A extends EntryName> = (call: EntryCall<A>) => Promise<Outcome<A>>;

export function ok({ action }: { action: ActionName }): OkReply {
  return { type: 'ok', action };
}
