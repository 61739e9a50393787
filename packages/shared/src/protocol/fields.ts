import * as z from 'zod';
import type { ConsumerId, PeerId, ProducerId, RoomId, SessionId, TransportId } from '../base/ids.ts';

/** Fields that several messages share. Lengths are in UTF-16 units, JSON sizes in bytes of the encoded value. */
const branded = <T extends string>(schema: z.ZodString) => schema as unknown as z.ZodType<T, string>;

const printable = /^[\p{L}\p{N}\p{P}\p{S} ]+$/u;

/** Any printable name of at most 128; braces are refused, since they would move a Redis Cluster's hash tag. */
export const roomId = branded<RoomId>(
  z
    .string()
    .min(1)
    .max(128)
    .regex(printable)
    .regex(/^[^{}]+$/, 'no braces'),
);
export const peerId = branded<PeerId>(
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_.:@-]+$/),
);
export const sessionId = branded<SessionId>(z.string().min(1).max(64));
export const objectId = z.string().min(1).max(64);
export const transportId = branded<TransportId>(objectId);
export const producerId = branded<ProducerId>(objectId);
export const consumerId = branded<ConsumerId>(objectId);

export const displayName = z.string().max(128);
export const source = z.string().min(1).max(32);
export const label = z.string().max(128);

/** Any JSON value of at most `limit` bytes. */
export const jsonUpTo = (limit: number) =>
  z.json().refine((value) => byteLength(JSON.stringify(value)) <= limit, `at most ${limit} bytes of JSON`);
export type Json = z.infer<ReturnType<typeof z.json>>;

export const metadata = jsonUpTo(4096);
export const messagePayload = jsonUpTo(16_384);

const encoder = new TextEncoder();
function byteLength(text: string): number {
  return encoder.encode(text).byteLength;
}
