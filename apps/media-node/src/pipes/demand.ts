import type { Clock, ProducerId, Timer } from '@sluice/shared';
import { WantedLayers } from './wanted-layers.ts';

interface Wanted {
  /** What its consumers here and its pipes to other nodes want. */
  readonly by: WantedLayers;
  /** What was last told, and will be told. */
  told: number;
  falling: Timer | undefined;
}

/** How long less is wanted before it is said, in ms: a viewer that scrolls past and back costs no key frame. */
const fallAfterMs = 4000;

/**
 * Sums what is wanted of each producer, as its highest spatial layer; −1 without demand. More is told at
 * once, less after a while. A producer is taken to be wanted until it is known not to be, so that a new one starts to
 * send without waiting for a viewer.
 */
export class Demand {
  readonly #clock: Clock;
  readonly #onChange: (producerId: ProducerId, maxSpatialLayer: number) => void;
  readonly #lives: (producerId: ProducerId) => boolean;
  readonly #wanted = new Map<ProducerId, Wanted>();

  constructor(options: {
    clock: Clock;
    onChange: (producerId: ProducerId, maxSpatialLayer: number) => void;
    /** Whether there is such a producer: of one that is gone nothing is kept. */
    lives: (producerId: ProducerId) => boolean;
  }) {
    this.#clock = options.clock;
    this.#lives = options.lives;
    this.#onChange = options.onChange;
  }

  set(producerId: ProducerId, who: string, layer: number): void {
    const wanted = this.#of(producerId);
    if (!wanted) return;
    wanted.by.set(who, layer);
    this.#settle(producerId, wanted);
  }

  remove(producerId: ProducerId, who: string): void {
    const wanted = this.#wanted.get(producerId);
    if (!wanted?.by.delete(who)) return;
    this.#settle(producerId, wanted);
  }

  /** Whether there was any demand for it when that was last told. */
  wants(producerId: ProducerId): boolean {
    return (this.#wanted.get(producerId)?.told ?? 0) >= 0;
  }

  /** The producer is gone. */
  forget(producerId: ProducerId): void {
    this.#wanted.get(producerId)?.falling?.cancel();
    this.#wanted.delete(producerId);
  }

  /** Producers of which it is known what is wanted. */
  get size(): number {
    return this.#wanted.size;
  }

  close(): void {
    for (const producerId of [...this.#wanted.keys()]) this.forget(producerId);
  }

  /** Undefined for a producer that is gone, though its last consumers may still be here. */
  #of(producerId: ProducerId): Wanted | undefined {
    const known = this.#wanted.get(producerId);
    if (known || !this.#lives(producerId)) return known;
    const wanted = { by: new WantedLayers(), told: 7, falling: undefined };
    this.#wanted.set(producerId, wanted);
    return wanted;
  }

  #settle(producerId: ProducerId, wanted: Wanted): void {
    const now = wanted.by.highest;
    wanted.falling?.cancel();
    wanted.falling = undefined;
    if (now === wanted.told) return;
    if (now > wanted.told) this.#tell(producerId, wanted, now);
    else wanted.falling = this.#clock.setTimer(() => this.#tell(producerId, wanted, now), fallAfterMs);
  }

  #tell(producerId: ProducerId, wanted: Wanted, layer: number): void {
    wanted.told = layer;
    wanted.falling = undefined;
    this.#onChange(producerId, layer);
  }
}
