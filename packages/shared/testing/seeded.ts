/** Random numbers that a seed brings back: a failing run names its seed, and that seed fails again. */
export interface Seeded {
  readonly seed: number;
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  chance(probability: number): boolean;
  /** @throws where there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
}

/** Mulberry32: 32 bits of state, good enough to choose what a test does, and the same everywhere. */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    seed,
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (from) => {
      if (from.length === 0) throw new Error('There is nothing to pick from.');
      return from[int(from.length)] as (typeof from)[number];
    },
  };
}

/** A seed to start from: the one in `SLUICE_SEED`, to see a failure again, or else a new one. */
export function chosenSeed(): number {
  return Number(process.env['SLUICE_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}
