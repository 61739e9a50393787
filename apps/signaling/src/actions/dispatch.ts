import { type Clock, type Logger, SluiceError } from '@sluice/shared';
import type { ActionName } from '@sluice/shared/protocol';
import { type GatewayMetrics, resultOf, type RequestResult } from '../metrics.ts';
import type { NodeClient } from '../nodes/node-client.ts';
import { actionOf, type Frame, fieldsOf, readFrame } from '../session/frames.ts';
import type { Session } from '../session/session.ts';
import { assertUnseated, type EntryName, isEntry, type SeatedName, seatOf } from '../session/state.ts';
import type { Entrance } from './entrance.ts';
import type { EntryCall, EntryHandler, Outcome, SeatCall, SeatHandler } from './call.ts';

/** A handler for each action: one that is missing doesn't compile. */
export interface Handlers {
  entries: { [A in EntryName]: EntryHandler<A> };
  seated: { [A in SeatedName]: SeatHandler<A> };
}

export interface DispatcherOptions {
  handlers: Handlers;
  entrance: Entrance;
  nodes: NodeClient;
  clock: Clock;
  log: Logger;
  metrics: GatewayMetrics;
  actionDeadlineMs: number;
}

/** Does what frames ask. */
export class Dispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Does what one frame asks and answers it: with a reply, or with a typed error. */
  async perform(text: string, receivedAt: number, session: Session): Promise<void> {
    const { clock, log, actionDeadlineMs } = this.#options;
    const began = clock.now();
    const frame = readFrame(text);
    let action: ActionName | undefined;
    let result: RequestResult = 'ok';
    try {
      action = actionOf(frame);
      const deadline = session.timeRunsFrom(receivedAt) + actionDeadlineMs;
      const outcome = await this.#handle(action, frame as Frame, session, deadline);
      // A reply that takes a picture of the room takes it here: nothing comes between the picture and its being sent.
      const reply = typeof outcome === 'function' ? outcome() : outcome;
      session.reply({ ...reply, ...(frame?.head.id !== undefined && { id: frame.head.id }) });
    } catch (thrown) {
      const error = SluiceError.from(thrown);
      if (error.code === 'internal') log.error({ error: error.cause ?? error, action }, 'An action failed.');
      result = resultOf(error.code);
      session.fail(frame?.head ?? {}, error);
    }
    this.#observe(action, result, (clock.now() - began) / 1000);
  }

  /** Each table has one handler for each name; TypeScript does not see that the two belong together. */
  async #handle(action: ActionName, frame: Frame, session: Session, deadline: number): Promise<Outcome<ActionName>> {
    const { handlers, entrance, nodes } = this.#options;
    if (isEntry(action)) {
      assertUnseated(session.state);
      const handler = handlers.entries[action] as (call: EntryCall<EntryName>) => Promise<Outcome<EntryName>>;
      const call = { action, fields: fieldsOf(action, frame), session, deadline };
      return entrance.pass(() => handler(call));
    }
    const seat = seatOf(session.state);
    const handler = handlers.seated[action] as (call: SeatCall<SeatedName>) => Promise<Outcome<SeatedName>>;
    return handler({ action, fields: fieldsOf(action, frame), seat, nodes, deadline });
  }

  #observe(action: ActionName | undefined, result: RequestResult, seconds: number): void {
    const { metrics } = this.#options;
    metrics.messages.inc({ direction: 'in', type: action ?? 'invalid' });
    metrics.requests.observe({ method: action ?? 'invalid', result }, seconds);
    if (action === 'join') metrics.joins.observe({ result }, seconds);
    if (action === 'resume') metrics.resumeDuration.observe({ result }, seconds);
  }
}
