import type { BootId, GatewayId, NodeId, RoomId } from '../base/ids.ts';

/**
 * Every channel name there is. A process's inbox has its boot in the name: what was meant for a dead incarnation finds
 * nobody, rather than its successor. A room's channel carries the room's hash tag, as its keys do.
 */
export const channels = {
  node: (id: NodeId, boot: BootId): string => `sluice:node:${id}:${boot}`,
  gateway: (id: GatewayId, boot: BootId): string => `sluice:gateway:${id}:${boot}`,
  room: (room: RoomId): string => `sluice:room:{${room}}`,
  registry: 'sluice:registry',
  /** What a subscriber connection says to itself, to know that it hears. */
  probe: (id: string): string => `sluice:probe:${id}`,
} as const;
