import type { Directory, Owner, RoomId, Touched } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { type FencedOptions, letGo } from '../events/fenced.ts';
import { forEachBounded } from './for-each.ts';
import { republish, type RepublishOptions } from './republish.ts';

export interface ClaimsOptions extends RepublishOptions, FencedOptions {
  readonly directory: Directory;
}

/** How many rooms that the directory has lost are written again at once. */
const republishedAtOnce = 16;

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
      const { fenced, missing } = await this.#touch();
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
    const found: Touched = { fenced: [], missing: [] };
    for (const [owner, rooms] of byBoot) {
      try {
        const { fenced, missing } = await this.#node.directory.touch(owner, rooms);
        found.fenced.push(...fenced);
        found.missing.push(...missing);
      } catch (error) {
        this.#node.log.debug({ code: SluiceError.from(error).code }, 'Claims will be renewed later.');
      }
    }
    return found;
  }
}
