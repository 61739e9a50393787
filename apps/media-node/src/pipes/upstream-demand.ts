import { type Clock, delay, type Endpoint, type ProducerId, type RoomId, SluiceError } from '@sluice/shared';
import type { Pipes } from './pipes.ts';

/** Between two tries, in ms, and how many there are: by then a node that does not answer is known to be gone. */
const retryMs = 500;
const attempts = 8;

/** Milliseconds for the other node to hear what is wanted. */
const askMs = 2000;

export interface UpstreamDemandOptions {
  clock: Clock;
  /** Tells the node that gives the producer; resolves when it was heard, or when no node gives it. */
  tell(producerId: ProducerId, maxSpatialLayer: number): Promise<void>;
}

/**
 * Takes to another node what is wanted of its producers. Of one producer one word at a time, and always the newest: a
 * repeated older word that overtook a newer one would stop the media, and so would a lost one that is not repeated.
 */
export class UpstreamDemand {
  readonly #options: UpstreamDemandOptions;
  readonly #wanted = new Map<ProducerId, number>();
  readonly #running = new Set<ProducerId>();

  constructor(options: UpstreamDemandOptions) {
    this.#options = options;
  }

  send(producerId: ProducerId, maxSpatialLayer: number): void {
    this.#wanted.set(producerId, maxSpatialLayer);
    if (!this.#running.has(producerId)) void this.#run(producerId);
  }

  /** The producer is gone: what is still to be told of it is not. */
  forget(producerId: ProducerId): void {
    this.#wanted.delete(producerId);
  }

  async #run(producerId: ProducerId): Promise<void> {
    this.#running.add(producerId);
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const layer = this.#wanted.get(producerId);
      if (layer === undefined) break;
      if (!(await this.#isOver(producerId, layer))) await delay(this.#options.clock, retryMs);
      else if (this.#wanted.get(producerId) === layer) break;
      else attempt = 0;
    }
    this.#running.delete(producerId);
    this.#wanted.delete(producerId);
  }

  /** True when it was told, and when it never can be. */
  async #isOver(producerId: ProducerId, layer: number): Promise<boolean> {
    try {
      await this.#options.tell(producerId, layer);
      return true;
    } catch (error) {
      return !SluiceError.from(error).temporary;
    }
  }
}

/** Tells the node that a producer came from what is wanted of it behind the pipe: −1 for nothing. */
export async function askUpstream(
  { room, endpoint, pipes }: { room: RoomId; endpoint: Endpoint; pipes: Pipes },
  producerId: ProducerId,
  maxSpatialLayer: number,
): Promise<void> {
  for (const { producerId: id, end } of pipes.carriages) {
    if (id !== producerId || end.farAddress === undefined) continue;
    const params = {
      room,
      askerRouter: end.router.id,
      giverRouter: end.farRouter,
      askerTransportId: end.id,
      producerId,
      maxSpatialLayer,
    };
    await endpoint.call(end.farAddress, 'pipeDemand', params, { ttlMs: askMs });
  }
}
