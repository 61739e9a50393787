import * as z from 'zod';
import type { WireError } from '../../base/errors.ts';

/** What processes send each other. `ttlMs` is relative: two machines' clocks are never compared (see `lateness.ts`). */
const request = z.object({
  type: z.literal('request'),
  /** Repeated by a retry: the receiver answers a repeated id from memory instead of doing it twice. */
  id: z.string().max(64),
  operation: z.string().max(64),
  params: z.unknown(),
  /** The channel that hears the reply. */
  from: z.string().max(128),
  ttlMs: z.number().min(0).max(60_000),
  /** When it was sent, on the sender's own monotonic clock, in ms. */
  at: z.number().exactOptional(),
  /** The action's trace, for the log. */
  trace: z.string().max(64).exactOptional(),
});
const reply = z.object({
  type: z.literal('reply'),
  id: z.string().max(64),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()).exactOptional() })
    .exactOptional(),
});
const notices = z.object({
  type: z.literal('notices'),
  notices: z.array(z.object({ topic: z.string().max(64), body: z.unknown() })).max(1024),
});
const ping = z.object({ type: z.literal('ping'), id: z.string().max(64) });

const envelope = z.discriminatedUnion('type', [request, reply, notices, ping]);

export interface RequestEnvelope {
  type: 'request';
  id: string;
  operation: string;
  params: unknown;
  from: string;
  ttlMs: number;
  at?: number;
  trace?: string;
}
export interface ReplyEnvelope {
  type: 'reply';
  id: string;
  result?: unknown;
  error?: WireError;
}
/** Something that a process is told and that it does not answer. */
export interface Notice {
  topic: string;
  body: unknown;
}
export interface NoticesEnvelope {
  type: 'notices';
  notices: readonly Notice[];
}
export interface PingEnvelope {
  type: 'ping';
  id: string;
}
export type Envelope = RequestEnvelope | ReplyEnvelope | NoticesEnvelope | PingEnvelope;

export function encodeEnvelope(message: Envelope): string {
  return JSON.stringify(message);
}

/** Undefined for anything that is not one of ours: the caller counts and drops it. */
export function decodeEnvelope(text: string): Envelope | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = envelope.safeParse(json);
  return parsed.success ? (parsed.data as Envelope) : undefined;
}
