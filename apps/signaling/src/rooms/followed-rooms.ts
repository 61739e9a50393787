import type { RoomId } from '@sluice/shared';
import { FollowedRoom, type FollowedRoomOptions } from './followed-room.ts';

interface Held {
  followed: FollowedRoom;
  /** How many seats are in the room or on the way into it. */
  holders: number;
}

/** The rooms that this gateway follows: each from the first join on its way in to the last leave, and no longer. */
export class FollowedRooms {
  readonly #options: Omit<FollowedRoomOptions, 'room'>;
  readonly #rooms = new Map<RoomId, Held>();

  constructor(options: Omit<FollowedRoomOptions, 'room'>) {
    this.#options = options;
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The room, where it is followed already. */
  get(room: RoomId): FollowedRoom | undefined {
    return this.#rooms.get(room)?.followed;
  }

  /** The room, followed until `release` was called as often as `acquire`. */
  acquire(room: RoomId): FollowedRoom {
    const held = this.#rooms.get(room) ?? { followed: new FollowedRoom({ ...this.#options, room }), holders: 0 };
    this.#rooms.set(room, held);
    held.holders++;
    return held.followed;
  }

  release({ room }: FollowedRoom): void {
    const held = this.#rooms.get(room);
    if (!held || --held.holders > 0) return;
    this.#rooms.delete(room);
    held.followed.close().catch(() => this.#options.log.debug({ room }, 'A room was left while the bus was away.'));
  }

  *rooms(): Generator<FollowedRoom> {
    for (const { followed } of this.#rooms.values()) yield followed;
  }
}
