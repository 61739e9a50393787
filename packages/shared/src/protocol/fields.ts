import * as z from 'zod';
import type { ConsumerId, PeerId, ProducerId, RoomId, SessionId, TransportId } from '../base/ids.ts';
import { jsonUpTo } from './json.ts';
import { identifier, line } from './text.ts';

export type { Json } from './json.ts';

/** Fields that several messages share. PROTOCOL.md says each one's rule to clients. */
const branded = <T extends string>(schema: z.ZodType<string, string>) => schema as unknown as z.ZodType<T, string>;

/** Braces are refused, since they would move a Redis Cluster's hash tag. */
export const roomId = branded<RoomId>(identifier({ max: 128 }).refine((room) => !/[{}]/.test(room), 'no braces'));
/** What user directories hand out: `auth0|5f…`, `jane+test@example.org`, `CORP\jane`, a distinguished name. */
export const peerId = branded<PeerId>(identifier({ max: 256 }));
export const sessionId = branded<SessionId>(z.string().min(1).max(64));
export const objectId = z.string().min(1).max(64);
export const transportId = branded<TransportId>(objectId);
export const producerId = branded<ProducerId>(objectId);
export const consumerId = branded<ConsumerId>(objectId);

export const displayName = line({ max: 128 });
export const source = line({ min: 1, max: 32 });
export const label = line({ max: 128 });

export const metadata = jsonUpTo(4096);
export const messagePayload = jsonUpTo(16_384);

/** For lists in which nothing may come twice. */
export const isUnique = (ids: readonly unknown[]): boolean => new Set(ids).size === ids.length;
