import { customAlphabet } from 'nanoid';

/**
 * Ids are branded so that a peer's cannot be passed where a room's is meant. Those that we mint come from this file
 * alone; those that a client or an operator chooses are checked by the schemas in `protocol/` and in the configs.
 */
export type Brand<Name extends string> = string & { readonly __brand: Name };

export type RoomId = Brand<'room'>;
export type PeerId = Brand<'peer'>;
export type SessionId = Brand<'session'>;
export type NodeId = Brand<'node'>;
export type GatewayId = Brand<'gateway'>;
/** One incarnation of a node or a gateway: a restart, or a lease lost, makes a new one. */
export type BootId = Brand<'boot'>;
export type ProducerId = Brand<'producer'>;
export type ConsumerId = Brand<'consumer'>;
export type TransportId = Brand<'transport'>;
export type RouterId = Brand<'router'>;

// No look-alikes and no punctuation: ids are read aloud, grepped and put into URLs.
const alphabet = '0123456789abcdefghijkmnopqrstuvwxyz';
const short = customAlphabet(alphabet, 8);
const long = customAlphabet(alphabet, 16);

/** 35^16 values: unguessable enough to name a peer, and still no secret. */
export const newPeerId = (): PeerId => `p_${long()}` as PeerId;
export const newSessionId = (): SessionId => `s_${long()}` as SessionId;
export const newBootId = (): BootId => short() as BootId;
export const newNodeId = (): NodeId => `node-${short()}` as NodeId;
export const newGatewayId = (): GatewayId => `gw-${short()}` as GatewayId;

/** Unique in the cluster and cheap: a prefix for the process, a number for the call. */
export function createIdSequence(prefix: string = long()): () => string {
  let next = 0;
  return () => `${prefix}.${++next}`;
}
