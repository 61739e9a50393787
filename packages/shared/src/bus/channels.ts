import type { BootId, GatewayId, NodeId, RoomId } from '../base/ids.ts';

/**
 * Every channel name there is, without the cluster's prefix, which the Redis bus puts before each: addresses that
 * processes tell each other have none. A process's inbox has its boot in the name: a message for a dead incarnation has
 * no receiver, rather than its successor. A room's channel carries the room's hash tag, as its keys do.
 */
export const channels = {
  node: (id: NodeId, boot: BootId): string => `node:${id}:${boot}`,
  gateway: (id: GatewayId, boot: BootId): string => `gateway:${id}:${boot}`,
  room: (room: RoomId): string => `room:{${room}}`,
  registry: 'registry',
  /** What a subscriber connection says to itself, to know that it hears. */
  probe: (id: string): string => `probe:${id}`,
} as const;
