import { SluiceError } from '@sluice/shared';
import type { ActionFields, ActionId, ActionName } from '@sluice/shared/protocol';
import { actionId, clientActions, isActionName } from '@sluice/shared/protocol';

/** What can be said of a frame before its action's fields are looked at: enough to answer it. */
export interface Head {
  id?: ActionId;
  /** As the client wrote it, known or not. */
  action?: string;
}

export interface Frame {
  head: Head;
  body: Readonly<Record<string, unknown>>;
}

/** An unknown action's name is repeated in its error only up to here. */
const maxEchoedName = 64;

/** Reads the frame's outside. Never throws: what is wrong with it is found by `actionOf`, which comes after. */
export function readFrame(text: string): Frame | undefined {
  const body = parseObject(text);
  if (!body) return undefined;
  const { id, action } = body;
  const head: Head = {};
  if (isActionId(id)) head.id = id;
  if (typeof action === 'string' && action.length <= maxEchoedName) head.action = action;
  return { head, body };
}

/**
 * The frame's action.
 *
 * @throws badRequest with the path of what is wrong, unknownAction.
 */
export function actionOf(frame: Frame | undefined): ActionName {
  if (!frame) throw new SluiceError('badRequest', 'A frame is one JSON object.', { details: { path: '' } });
  const { id, action } = frame.body;
  if (id !== undefined && !isActionId(id)) throw wrong('id', 'a string of at most 64 characters or a safe integer');
  if (typeof action !== 'string') throw wrong('action', 'a string');
  if (!isActionName(action)) throw new SluiceError('unknownAction', 'There is no such action.');
  return action;
}

/** @throws badRequest with the path of the first field that doesn't fit. */
export function fieldsOf<A extends ActionName>(action: A, frame: Frame): ActionFields<A> {
  const parsed = safely(() => clientActions[action].safeParse(frame.body));
  if (parsed?.success) return parsed.data as ActionFields<A>;
  const issue = parsed?.error.issues[0];
  throw wrong(issue?.path.join('.') ?? '', issue?.message ?? 'less deeply nested');
}

function isActionId(id: unknown): id is ActionId {
  return actionId.safeParse(id).success;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  const value: unknown = safely((): unknown => JSON.parse(text));
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Undefined where it throws: on what is no JSON, and on nesting deeper than the stack. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function wrong(path: string, expected: string): SluiceError {
  return new SluiceError('badRequest', `${path || 'The frame'}: ${expected}`, { details: { path } });
}
