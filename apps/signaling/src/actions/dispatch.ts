import { SluiceError } from '@sluice/shared';
import type { ActionName } from '@sluice/shared/protocol';
import { handlers } from './table.ts';
import type { Call, Handler, Outcome } from './call.ts';
import { actionOf, type Frame, fieldsOf, readFrame } from '../session/frames.ts';
import { resultOf, type RequestResult } from '../metrics.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session/session.ts';
import { assertTimely } from '../session/state.ts';

/** Does what one frame asks and answers it: with a reply, or with a typed error. */
export async function dispatch(text: string, receivedAt: number, session: Session, services: Services): Promise<void> {
  const began = services.clock.now();
  const frame = readFrame(text);
  let action: ActionName | undefined;
  let result: RequestResult = 'ok';
  try {
    action = actionOf(frame);
    assertTimely(session.state, action);
    const deadline = session.timeRunsFrom(receivedAt) + services.config.actionDeadlineMs;
    const outcome = await perform(action, frame as Frame, { session, services, deadline });
    // A reply that takes a picture of the room takes it here: nothing comes between the picture and its being sent.
    const reply = typeof outcome === 'function' ? outcome() : outcome;
    session.reply({ ...reply, ...(frame?.head.id !== undefined && { id: frame.head.id }) });
  } catch (thrown) {
    const error = SluiceError.from(thrown);
    if (error.code === 'internal') services.log.error({ error: error.cause ?? error, action }, 'An action failed.');
    result = resultOf(error.code);
    session.fail(frame?.head ?? {}, error);
  }
  observe(services, action, result, (services.clock.now() - began) / 1000);
}

async function perform<A extends ActionName>(action: A, frame: Frame, call: Omit<Call<A>, 'fields'>) {
  // The table has one handler for each name; TypeScript does not see that the two belong together.
  const handler = handlers[action] as unknown as Handler<A>;
  return handler({ ...call, fields: fieldsOf(action, frame) }) as Promise<Outcome<ActionName>>;
}

function observe(services: Services, action: ActionName | undefined, result: RequestResult, seconds: number): void {
  services.metrics.messages.inc({ direction: 'in', type: action ?? 'invalid' });
  services.metrics.requests.observe({ method: action ?? 'invalid', result }, seconds);
  if (action === 'join') services.metrics.joins.observe({ result }, seconds);
  if (action === 'resume') services.metrics.resumeDuration.observe({ result }, seconds);
}
