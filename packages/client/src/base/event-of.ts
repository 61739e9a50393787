import type { ClientMoveEvent, ClientPeerEvent, ClientRoomEvent, SnapshotEvent } from '@sluice/shared/protocol';

export type ServerEvent = ClientRoomEvent | SnapshotEvent | ClientPeerEvent | ClientMoveEvent;

/** The event of type `T`, also where the protocol gives several types one shape. */
export type EventOf<T extends ServerEvent['type'], Events = ServerEvent> = Events extends { type: infer U }
  ? T extends U
    ? Events & { type: T }
    : never
  : never;
