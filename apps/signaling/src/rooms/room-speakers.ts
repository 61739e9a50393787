import type { BootId, PeerId, Speaker } from '@sluice/shared';
import { loudestOf, sameSpeakers } from '@sluice/shared';

/** Who speaks in a room, put together from what each of its nodes tells of its own peers. */
export class RoomSpeakers {
  readonly #byBoot = new Map<BootId, readonly Speaker[]>();
  #loudest: readonly Speaker[] = [];

  /** The loudest of the whole room. */
  get loudest(): readonly Speaker[] {
    return this.#loudest;
  }

  /** A node tells of its own peers. True where that changes who speaks in the room. */
  hear(boot: BootId, speakers: readonly Speaker[]): boolean {
    if (speakers.length > 0) this.#byBoot.set(boot, speakers);
    else this.#byBoot.delete(boot);
    return this.#settle();
  }

  /** A peer is gone, or sends nothing any more; its node may be gone too, and then says so no more. */
  forget(peerId: PeerId): boolean {
    for (const [boot, speakers] of [...this.#byBoot]) {
      const rest = speakers.filter((speaker) => speaker.peerId !== peerId);
      if (rest.length === speakers.length) continue;
      if (rest.length > 0) this.#byBoot.set(boot, rest);
      else this.#byBoot.delete(boot);
    }
    return this.#settle();
  }

  #settle(): boolean {
    const before = this.#loudest;
    this.#loudest = loudestOf(this.#byBoot.values());
    return !sameSpeakers(before, this.#loudest);
  }
}
