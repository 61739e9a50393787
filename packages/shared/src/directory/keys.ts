import { channels } from '../bus/channels.ts';
import type { RoomId } from '../base/ids.ts';

/**
 * Every key of a room, and its channel, in the order that the scripts name them, without the cluster's prefix. They
 * share the room's hash tag, so that one script serves in a Redis Cluster too. All expire together, with the room.
 *
 * - `meta`: hash, `epoch` and `seq` of the last event.
 * - `slices`: hash, node → its boot's token and its `sliceFenced` event.
 * - `fenced`: set, tokens of boots that may not write here any more.
 * - `peers`, `producers`: hashes, id → record (`records.ts`).
 * - `events`: stream, one entry a batch, id `<epoch>-<seq of its last event>`.
 */
export function roomKeys(room: RoomId): string[] {
  const key = (name: string): string => `${channels.room(room)}:${name}`;
  return [...['meta', 'slices', 'fenced', 'peers', 'producers', 'events'].map(key), channels.room(room)];
}

export const roomKeyCount = 7;
