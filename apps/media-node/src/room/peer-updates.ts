import type { Change, Clock, PeerRecord } from '@sluice/shared';

/** How many records one write carries at most: a larger one would hold up whatever else waits for Redis. */
const batch = 200;

/** A peer, as far as its record is written. */
interface Recorded {
  readonly record: PeerRecord;
  readonly entered: boolean;
}

export interface PeerUpdatesOptions {
  clock: Clock;
  commit(changes: Change[]): Promise<unknown>;
}

/**
 * Writes peers' changed records to the directory: all that changed in one turn of the event loop together, since a lost
 * gateway changes hundreds at once. A write that fails is not repeated here: the sweep compares every record.
 */
export class PeerUpdates {
  readonly #options: PeerUpdatesOptions;
  #changed = new Set<Recorded>();

  constructor(options: PeerUpdatesOptions) {
    this.#options = options;
  }

  add(peer: Recorded): void {
    if (this.#changed.size === 0) this.#options.clock.setTimer(() => void this.#write(), 0);
    this.#changed.add(peer);
  }

  async #write(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    for (let from = 0; from < changed.length; from += batch) {
      const changes = changed
        .slice(from, from + batch)
        .filter(({ entered }) => entered)
        .map(({ record }): Change => ({ type: 'updatePeer', peer: record }));
      if (changes.length > 0) await this.#options.commit(changes).catch(() => undefined);
    }
  }
}
