import * as z from 'zod';

export type Json = z.infer<ReturnType<typeof z.json>>;

/** Deeper than what people nest; shallow enough for every walk over it. */
const deepest = 100;

/**
 * Any JSON value of at most `limit` bytes, kept as it is. Not zod's own `json()`: that copies, and leaves out a key
 * `__proto__`.
 */
export const jsonUpTo = (limit: number) =>
  z
    .custom<Json>((value) => isJson(value, deepest), `JSON, at most ${deepest} levels deep`)
    .refine((value) => byteLength(JSON.stringify(value)) <= limit, `at most ${limit} bytes of JSON`);

function isJson(value: unknown, levels: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || levels === 0) return false;
  return Object.values(value).every((inner) => isJson(inner, levels - 1));
}

const encoder = new TextEncoder();
function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}
