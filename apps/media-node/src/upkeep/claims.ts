import type { Directory, Owner, Position, RoomCount, RoomId, Touched } from '@sluice/shared';
import { forEachBounded, SluiceError } from '@sluice/shared';
import { type FencedOptions, letGo } from '../events/fenced.ts';
import { republish, type RepublishOptions } from './republish.ts';

export interface ClaimsOptions extends RepublishOptions, FencedOptions {
  readonly directory: Directory;
}

/** How many rooms that the directory has lost are written again at once. */
const republishedAtOnce = 16;
/** How many rooms that this node has not heard all of are read at once. */
const readAtOnce = 16;

/**
 * Keeps this node's claims on its rooms: the directory forgets a room that no owner touches for a minute. A claim that
 * was taken from this boot ends its slice; a room that the directory has lost is written again.
 */
export class Claims {
  readonly #node: ClaimsOptions;
  #running = false;

  constructor(node: ClaimsOptions) {
    this.#node = node;
  }

  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const { fenced, missing, found } = await this.#touch();
      for (const room of fenced) {
        const slice = this.#node.slices.get(room);
        if (slice) letGo(this.#node, slice);
      }
      const lost = [...this.#node.slices].filter((slice) => slice.lost || missing.includes(slice.room));
      await forEachBounded(
        lost,
        republishedAtOnce,
        (slice) => republish(this.#node, slice),
        () => undefined,
      );
      await forEachBounded(found, readAtOnce, (count) => this.#count(count), this.#later);
    } finally {
      this.#running = false;
    }
  }

  /** Slices that are older than this boot were made by one that was fenced elsewhere: each asks for itself. */
  async #touch(): Promise<Touched> {
    const byBoot = new Map<Owner, RoomId[]>();
    for (const slice of this.#node.slices) {
      if (!slice.feed.position || slice.fenced) continue;
      byBoot.set(slice.owner, [...(byBoot.get(slice.owner) ?? []), slice.room]);
    }
    const touched: Touched = { fenced: [], missing: [], found: [] };
    for (const [owner, rooms] of byBoot) {
      try {
        const { fenced, missing, found } = await this.#node.directory.touch(owner, rooms);
        touched.fenced.push(...fenced);
        touched.missing.push(...missing);
        touched.found.push(...found);
      } catch (error) {
        this.#later(error);
      }
    }
    return touched;
  }

  readonly #later = (error: unknown): void => {
    this.#node.log.debug({ code: SluiceError.from(error).code }, 'Claims will be renewed later.');
  };

  /** Redis may have lost records of the room without an event, by an eviction: another number of them shows it. */
  async #count({ room, peers, producers, ...position }: RoomCount): Promise<void> {
    const feed = this.#node.slices.get(room)?.feed;
    if (!feed) return;
    if (!isAt(position, feed.position)) await feed.catchUp();
    const { view } = feed;
    if (!isAt(position, feed.position)) return;
    if (view.peers.size !== peers || view.producers.size !== producers) feed.doubt();
  }
}

const isAt = ({ epoch, seq }: Position, position: Position | undefined): boolean =>
  position?.epoch === epoch && position.seq === seq;
