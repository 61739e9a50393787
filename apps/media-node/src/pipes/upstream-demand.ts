import { type Clock, delay, type Endpoint, jittered, type ProducerId, type RoomId, SluiceError } from '@sluice/shared';
import type { Pipes } from './pipes.ts';

/** Before the second try, in ms. It doubles from one to the next, up to `mostMs`. */
const retryMs = 500;
const mostMs = 4000;

/** Milliseconds for the other node to hear what is wanted. */
const askMs = 2000;

export interface UpstreamDemandOptions {
  clock: Clock;
  /** Tells the node that gives the producer; resolves when it was heard, or when no node gives it (any more). */
  tell(producerId: ProducerId, maxSpatialLayer: number): Promise<void>;
}

/**
 * Takes to another node what is wanted of its producers. Of one producer one word at a time, and always the newest: a
 * repeated older word that overtook a newer one would stop the media, and so would a lost one that is not repeated. So it
 * is repeated for as long as the pipe stands: a node that was silent for a while and is back has not heard it.
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
    for (let failures = 0; ; ) {
      const layer = this.#wanted.get(producerId);
      if (layer === undefined) break;
      if (await this.#isOver(producerId, layer)) {
        if (this.#wanted.get(producerId) === layer) break;
        failures = 0;
      } else {
        await delay(this.#options.clock, jittered(Math.min(mostMs, retryMs * 2 ** failures++), 0.25));
      }
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
  const carried = [...pipes.carriages].flatMap(({ producerId: id, end }) => {
    const { farAddress, farRouter: giverRouter } = end;
    return id === producerId && farAddress !== undefined ? [{ end, farAddress, giverRouter }] : [];
  });
  // One node that does not answer keeps no other from being told.
  const told = await Promise.allSettled(
    carried.map(({ end, farAddress, giverRouter }) => {
      const [askerRouter, askerTransportId] = [end.router.id, end.id];
      const params = { room, askerRouter, giverRouter, askerTransportId, producerId, maxSpatialLayer };
      return endpoint.call(farAddress, 'pipeDemand', params, { ttlMs: askMs });
    }),
  );
  const failures = told.flatMap((one) => (one.status === 'rejected' ? [SluiceError.from(one.reason)] : []));
  const [failure] = failures.toSorted((one, other) => Number(other.temporary) - Number(one.temporary));
  if (failure) throw failure;
}
