import type { Clock, Directory, Logger, PeerId, RoomId, SessionId, Timer } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { PeerPlace } from './peer-place.ts';
import type { Slice } from './slice.ts';

interface Entry {
  slice: Slice;
  emptyTimer: Timer | undefined;
}

export interface SlicesOptions {
  directory: Directory;
  clock: Clock;
  log: Logger;
  emptySliceMs: number;
  create(room: RoomId): Slice;
}

/** The slices of this node by room: made for the first peer, closed some time after the last. */
export class Slices {
  readonly #options: SlicesOptions;
  readonly #entries = new Map<RoomId, Entry>();
  /** Slices that the cluster has taken from us, until their last peer is gone. The room may have a new slice here. */
  readonly #setAside = new Set<Slice>();
  /** Slices on their way out: the room's next slice here waits until the claim has been given up. */
  readonly #closing = new Map<RoomId, Promise<void>>();

  constructor(options: SlicesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size + this.#setAside.size;
  }

  *[Symbol.iterator](): IterableIterator<Slice> {
    for (const { slice } of this.#entries.values()) yield slice;
    yield* this.#setAside;
  }

  get(room: RoomId): Slice | undefined {
    return this.#entries.get(room)?.slice;
  }

  /** The peer that this session speaks for, also in a slice that was set aside. */
  find(room: RoomId, peerId: PeerId, sessionId: SessionId): PeerPlace | undefined {
    for (const slice of [this.get(room), ...this.#setAside]) {
      if (slice?.room !== room) continue;
      const peer = slice.peers.get(peerId);
      if (peer?.sessionId === sessionId) return { slice, peer };
    }
    return undefined;
  }

  /**
   * Runs `use` with the room's slice, which stays open meanwhile; an empty one goes some time later. The slice may not
   * have heard of the room yet: see `Slice.reach`.
   */
  async join<T>(room: RoomId, use: (slice: Slice) => Promise<T>): Promise<T> {
    while (this.#closing.has(room)) await this.#closing.get(room);
    const entry = this.#entry(room);
    entry.slice.joining++;
    entry.emptyTimer?.cancel();
    try {
      return await use(entry.slice);
    } finally {
      entry.slice.joining--;
      this.settle(entry.slice);
    }
  }

  /** Starts the clock of a slice that has become empty. */
  settle(slice: Slice): void {
    if (!slice.empty) return;
    if (this.#setAside.has(slice)) void this.drop(slice);
    const entry = this.#entries.get(slice.room);
    if (entry?.slice !== slice) return;
    entry.emptyTimer?.cancel();
    entry.emptyTimer = this.#options.clock.setTimer(() => {
      if (slice.empty) void this.#release(slice);
    }, this.#options.emptySliceMs);
  }

  /** The cluster has taken the slice from us. It stays until its peers are gone; peers that come get another one. */
  setAside(slice: Slice): void {
    const entry = this.#entries.get(slice.room);
    if (entry?.slice !== slice) return;
    entry.emptyTimer?.cancel();
    this.#entries.delete(slice.room);
    this.#setAside.add(slice);
    this.settle(slice);
  }

  /** Closes a slice; nothing is written. */
  async drop(slice: Slice): Promise<void> {
    if (this.#entries.get(slice.room)?.slice === slice) this.#entries.delete(slice.room);
    this.#setAside.delete(slice);
    await slice.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this].map((slice) => (slice.fenced ? this.drop(slice) : this.#release(slice))));
    await Promise.all(this.#closing.values());
  }

  #entry(room: RoomId): Entry {
    const standing = this.#entries.get(room);
    if (standing) return standing;
    const slice = this.#options.create(room);
    const entry: Entry = { slice, emptyTimer: undefined };
    slice.open().catch(() => void this.drop(slice));
    this.#entries.set(room, entry);
    return entry;
  }

  async #release(slice: Slice): Promise<void> {
    const { directory, log } = this.#options;
    this.#entries.get(slice.room)?.emptyTimer?.cancel();
    const released = this.drop(slice)
      .then(() => directory.release(slice.room, slice.owner))
      .catch((error: unknown) => {
        // The directory forgets a room that no owner touches; until then the claim does no harm.
        log.debug(
          { room: slice.room, code: SluiceError.from(error).code },
          'A slice could not be given up in writing.',
        );
      })
      .finally(() => {
        if (this.#closing.get(slice.room) === released) this.#closing.delete(slice.room);
      });
    this.#closing.set(slice.room, released);
    await released;
  }
}
