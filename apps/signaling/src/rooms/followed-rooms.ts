import type { RoomFeed, RoomId } from '@sluice/shared';
import { FollowedRoom, type FollowedRoomOptions } from './followed-room.ts';

/** The rooms that this gateway follows: each from the first join on its way in to the last leave, and no longer. */
export class RoomFeeds {
  readonly #options: Omit<FollowedRoomOptions, 'room'>;
  readonly #rooms = new Map<RoomId, FollowedRoom>();

  constructor(options: Omit<FollowedRoomOptions, 'room'>) {
    this.#options = options;
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The room, where it is followed already. */
  get(room: RoomId): FollowedRoom | undefined {
    return this.#rooms.get(room);
  }

  /** The room, followed until everyone who acquired it has released it. */
  acquire(room: RoomId): FollowedRoom {
    const followed = this.#rooms.get(room) ?? new FollowedRoom({ ...this.#options, room });
    this.#rooms.set(room, followed);
    followed.holders++;
    return followed;
  }

  release(followed: FollowedRoom): void {
    if (--followed.holders > 0) return;
    this.#rooms.delete(followed.room);
    followed.close().catch(() => this.#options.log.debug({ room: followed.room }, 'A room was left while deaf.'));
  }

  *rooms(): Generator<FollowedRoom> {
    yield* this.#rooms.values();
  }

  *feeds(): Generator<RoomFeed> {
    for (const { feed } of this.#rooms.values()) yield feed;
  }
}
