import * as z from 'zod';
import { actionId, clientActions } from './actions.ts';

/**
 * JSON Schema of every frame that a client may send, for clients in other languages. What it cannot say stands in
 * PROTOCOL.md: sizes of JSON, characters that are refused, "one or many".
 */
export function actionsJsonSchema(): Record<string, unknown> {
  const frames = Object.entries(clientActions).map(([action, schema]) => {
    const {
      $schema: _,
      properties,
      required,
      ...rest
    } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    return [
      action,
      {
        ...rest,
        title: action,
        properties: { action: { const: action }, id: { $ref: '#/$defs/id' }, ...properties },
        required: ['action', ...(required ?? [])],
      },
    ] as const;
  });
  const { $schema, ...id } = z.toJSONSchema(actionId);
  return {
    $schema,
    title: 'Actions of the client protocol',
    description: 'What a client may send, one JSON object a text frame. Unknown fields are ignored. See PROTOCOL.md.',
    oneOf: frames.map(([action]) => ({ $ref: `#/$defs/${action}` })),
    $defs: { id, ...Object.fromEntries(frames) },
  };
}
