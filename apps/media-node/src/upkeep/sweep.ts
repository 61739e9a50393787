import type { Bus, Change, Directory, Owner, RoomId, Timer, Touched } from '@sluice/shared';
import { jittered, SluiceError } from '@sluice/shared';
import { type FencedOptions, letGo } from '../events/fenced.ts';
import type { LinkEnd } from '../pipes/link-end.ts';
import { republish, type RepublishOptions } from './republish.ts';
import type { Slice } from '../room/slice.ts';

export interface SweepOptions extends RepublishOptions, FencedOptions {
  readonly bus: Bus;
  readonly directory: Directory;
  readonly pipeWatch: { remade(slice: Slice, end: LinkEnd): void };
}

/**
 * Every how many ms the directory and the pipes are compared with what is here. More often heals a lost message sooner;
 * each costs a script for each room and an exchange for each pair of routers between nodes.
 */
const sweepEveryMs = 5000;

/** The others' patience, in ms: who was silent for so long may have been fenced. */
const frozenAfterMs = 2000;

/**
 * The last of three: what the prompt path missed and the retry did not reach, the sweep puts right. The truth is here:
 * what the directory has lost of it is written again, what it has too much is taken out.
 */
export class Sweep {
  readonly #node: SweepOptions;
  #timer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #watching: Timer | undefined;
  #running = false;

  constructor(node: SweepOptions) {
    this.#node = node;
  }

  start(): void {
    const { clock, bus } = this.#node;
    this.#timer = clock.setRepeating(() => void this.run(), jittered(sweepEveryMs, 0.1));
    this.#watching = this.#watchForFreezes();
    // Owners speak first when Redis comes back: it may know nothing any more.
    this.#unwatch = bus.onChange((connected) => {
      if (connected) void this.run();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#watching?.cancel();
    this.#unwatch?.();
  }

  /** Whoever slept through its lease may own nothing any more: it asks before it does anything else. */
  #watchForFreezes(): Timer {
    const { clock } = this.#node;
    let last = clock.now();
    return clock.setRepeating(() => {
      const slept = clock.now() - last;
      last = clock.now();
      if (slept > frozenAfterMs) void this.run();
    }, frozenAfterMs / 8);
  }

  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await this.#claims();
      for (const slice of [...this.#node.slices]) await this.#compare(slice);
      for (const slice of [...this.#node.slices]) await this.#pipes(slice);
    } catch (error) {
      this.#node.log.debug({ code: SluiceError.from(error).code }, 'The sweep will be made later.');
    } finally {
      this.#running = false;
    }
  }

  async #claims(): Promise<void> {
    const { slices } = this.#node;
    const { fenced, missing } = await this.#touch();
    for (const room of fenced) {
      const slice = slices.get(room);
      if (slice) letGo(this.#node, slice);
    }
    for (const slice of [...slices]) {
      if (slice.lost || missing.includes(slice.room)) await republish(this.#node, slice);
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
      const { fenced, missing } = await this.#node.directory.touch(owner, rooms);
      found.fenced.push(...fenced);
      found.missing.push(...missing);
    }
    return found;
  }

  async #compare(slice: Slice): Promise<void> {
    if (!slice.feed.position || slice.closed) return;
    await slice.feed.catchUp();
    const changes = [...this.#lostPeers(slice), ...this.#lostProducers(slice), ...this.#left(slice)];
    if (changes.length === 0) return;
    await slice.commit(...changes);
    for (const { type } of changes) this.#node.metrics.repairs.inc({ kind: type });
  }

  #lostPeers(slice: Slice): Change[] {
    return slice
      .entered()
      .filter(({ id }) => !slice.feed.view.peers.has(id))
      .map(({ record }) => ({ type: 'restorePeer', peer: record }));
  }

  #lostProducers(slice: Slice): Change[] {
    return [...slice.producers]
      .filter(
        ({ peer, record }) =>
          peer.enteredAt !== undefined && !peer.movedAway && !slice.feed.view.producers.has(record.producerId),
      )
      .map(({ record }) => ({ type: 'addProducer', producer: record }));
  }

  /** Peers and producers that the directory still has under our boot, and that are not here any more. */
  #left(slice: Slice): Change[] {
    const { boot } = slice.owner;
    const { peers, producers } = slice.feed.view;
    const gone: Change[] = [];
    for (const { producerId, boot: owner } of producers.values()) {
      if (owner === boot && !slice.producers.get(producerId)) gone.push({ type: 'removeProducer', producerId });
    }
    for (const { peerId, boot: owner } of peers.values()) {
      if (owner !== boot || slice.peers.has(peerId)) continue;
      gone.push({ type: 'removePeer', peerId, reason: 'disconnected', producerIds: [] });
    }
    return gone;
  }

  async #pipes(slice: Slice): Promise<void> {
    for (const end of [...slice.links.ends]) {
      // A node that does not answer keeps the pipes to the others from nothing.
      const swept = await slice.links.sweep(end).catch(() => undefined);
      this.#node.metrics.repairs.inc({ kind: 'pipe' }, swept?.lost ?? 0);
      if (swept?.known === false) this.#node.pipeWatch.remade(slice, end);
    }
  }
}
