import type { Clock, Logger, ProducerId, ProducerRecord } from '@sluice/shared';
import { SingleFlight, SluiceError } from '@sluice/shared';
import type { MediaPath } from '@sluice/shared/protocol';
import type { NodeMetrics } from '../metrics.ts';
import { Carriage } from './carriage.ts';
import type { LinkScope, Taken } from './link-end.ts';
import { onClose } from './link-end.ts';
import type { Links } from './links.ts';
import type { LinkSource } from './links-options.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';

/** A producer within reach of a router. `release` must be called once, when its user has gone. */
export interface Reach {
  path: MediaPath;
  /** To be called when its user can receive: until the first can, video stays where it is. */
  open(): void;
  release(): void;
}

/** Where a producer is fetched: where it lives, or from a node that it is carried to. */
export interface Source extends LinkSource {
  relayed: boolean;
}

const atHome: Reach = { path: 'router', open: () => undefined, release: () => undefined };

export interface PipesOptions {
  links: Links;
  clock: Clock;
  log: Logger;
  metrics: NodeMetrics;
  /** How long an unused carriage is kept, in ms. */
  idleMs: number;
  /** The router of a producer that lives on this node. */
  ownRouterOf(producerId: ProducerId): SliceRouter | undefined;
  recordOf(producerId: ProducerId): ProducerRecord | undefined;
  /** Where another node's producer is to be fetched. */
  sourceOf(record: ProducerRecord): Promise<Source>;
  /** Nothing of another node's producer is here any more. */
  onGone(producerId: ProducerId): void;
}

/**
 * Brings producers to where they are consumed. A producer crosses to this node once, at the router that asked first, and
 * spreads from there; each (producer, router) is carried once, however many ask at the same time, and let go some
 * seconds after its last user.
 */
export class Pipes {
  readonly #options: PipesOptions;
  /** Producers of other nodes, by where they enter this one. */
  readonly #entries = new SingleFlight<ProducerId, Carriage>();
  /** Producers carried between our own routers, by producer and router. */
  readonly #spread = new SingleFlight<string, Carriage>();
  readonly #carriages = new Set<Carriage>();

  constructor(options: PipesOptions) {
    this.#options = options;
  }

  get carriages(): ReadonlySet<Carriage> {
    return this.#carriages;
  }

  /** @throws producerNotFound, nodeUnavailable, deadlineExceeded. A failure is not remembered: the next asker tries. */
  async reach(producerId: ProducerId, router: SliceRouter): Promise<Reach> {
    if (this.#options.ownRouterOf(producerId) === router) return atHome;
    const carriage = await this.#use(() => this.#carriageAt(producerId, router));
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.#leave(carriage);
    };
    return { path: carriage.path, open: () => this.#open(carriage), release };
  }

  /** The router where another node's producer enters this one, if it came from where it lives. */
  entryOf(producerId: ProducerId): SliceRouter | undefined {
    return this.#of(producerId).find(({ end, relayed }) => end.scope === 'node' && !relayed)?.router;
  }

  /**
   * Keeps what is given on to another node, until the returned function is called. What came by a relay is not given on:
   * so no relay relays for a relay, and no two for each other.
   *
   * @throws producerNotFound
   */
  lend(producerId: ProducerId, router: string): () => void {
    if (this.#options.ownRouterOf(producerId)) return () => undefined;
    const carriage = this.#of(producerId).find((one) => one.router.id === router && !one.relayed);
    if (!carriage) throw new SluiceError('producerNotFound', 'This producer is not given on from here.');
    this.#count(carriage);
    return () => this.#leave(carriage);
  }

  /** The producer is gone where it lived: so are its copies. */
  producerClosed(producerId: ProducerId): void {
    for (const carriage of this.#of(producerId)) this.#drop(carriage, 'producerClosed');
  }

  async producerPaused(producerId: ProducerId, paused: boolean): Promise<void> {
    await Promise.all(this.#of(producerId).map(({ taken }) => applyPaused(taken, paused)));
  }

  #of(producerId: ProducerId): Carriage[] {
    return [...this.#carriages].filter((carriage) => carriage.producerId === producerId);
  }

  async #carriageAt(producerId: ProducerId, router: SliceRouter): Promise<Carriage> {
    const own = this.#options.ownRouterOf(producerId);
    if (own) return this.#spreadTo(producerId, router, own);
    const entry = await this.#use(() => this.#entries.get(producerId, () => this.#enter(producerId, router)));
    try {
      if (entry.router === router) return entry;
      return await this.#spreadTo(producerId, router, entry.router, entry);
    } finally {
      this.#leave(entry);
    }
  }

  /** Counts a user in. One that was let go between being found and being used is looked for again. */
  async #use(find: () => Promise<Carriage>): Promise<Carriage> {
    for (;;) {
      const carriage = await find();
      if (!this.#carriages.has(carriage)) continue;
      this.#count(carriage);
      return carriage;
    }
  }

  #count(carriage: Carriage): void {
    carriage.users++;
    carriage.idle?.cancel();
    carriage.idle = undefined;
  }

  #open(carriage: Carriage): void {
    if (carriage.opened || !isVideo(carriage.taken)) return;
    carriage.opened = true;
    if (carriage.upstream) this.#open(carriage.upstream);
    this.#options.links.open(carriage.end, carriage.producerId);
  }

  #leave(carriage: Carriage): void {
    carriage.users--;
    if (carriage.users === 0 && this.#carriages.has(carriage)) this.#startIdle(carriage);
  }

  #startIdle(carriage: Carriage): void {
    carriage.idle?.cancel();
    carriage.idle = this.#options.clock.setTimer(() => this.#drop(carriage, 'idle'), this.#options.idleMs);
  }

  #spreadTo(producerId: ProducerId, to: SliceRouter, from: SliceRouter, upstream?: Carriage): Promise<Carriage> {
    const key = `${producerId}@${to.id}`;
    return this.#spread.get(key, async () => {
      const source = { router: from.id, address: undefined, relayed: upstream?.relayed ?? false };
      return this.#carry(producerId, to, source, upstream, () => this.#spread.forget(key));
    });
  }

  async #enter(producerId: ProducerId, router: SliceRouter): Promise<Carriage> {
    const record = this.#options.recordOf(producerId);
    if (!record) throw new SluiceError('producerNotFound', 'There is no such producer.');
    const source = await this.#options.sourceOf(record);
    return this.#carry(producerId, router, source, undefined, () => {
      this.#entries.forget(producerId);
      this.#options.onGone(producerId);
    });
  }

  async #carry(
    producerId: ProducerId,
    router: SliceRouter,
    source: Source,
    upstream: Carriage | undefined,
    forget: () => void,
  ): Promise<Carriage> {
    const scope: LinkScope = source.address === undefined ? 'worker' : 'node';
    const began = this.#options.clock.now();
    const done = (result: string) =>
      this.#options.metrics.pipeSetup.observe({ scope, result }, (this.#options.clock.now() - began) / 1000);
    try {
      const { end, taken } = await this.#options.links.take(router, source, producerId);
      const { relayed } = source;
      const carriage = new Carriage({ producerId, router, end, taken, relayed, ...(upstream && { upstream }) });
      this.#adopt(carriage, forget);
      await this.#agree(carriage);
      done('ok');
      return carriage;
    } catch (error) {
      const { code } = SluiceError.from(error);
      done('error');
      this.#options.metrics.pipeFailures.inc({ scope, reason: code });
      throw error;
    }
  }

  #adopt(carriage: Carriage, forget: () => void): void {
    if (carriage.taken.closed) throw new SluiceError('producerNotFound', 'The pipe was closed while it was made.');
    if (carriage.upstream?.taken.closed) {
      this.#drop(carriage, 'idle');
      throw new SluiceError('nodeUnavailable', 'What it came from was closed while it was made.');
    }
    this.#carriages.add(carriage);
    if (carriage.upstream) carriage.upstream.users++;
    onClose(carriage.taken, () => {
      forget();
      carriage.idle?.cancel();
      this.#carriages.delete(carriage);
      if (carriage.upstream) this.#leave(carriage.upstream);
      // What came from here has nothing to come from any more.
      for (const one of [...this.#carriages]) if (one.upstream === carriage) this.#drop(one, 'producerClosed');
    });
    this.#startIdle(carriage);
  }

  /** The producer may have been closed, paused or resumed while its pipe was being made. */
  async #agree(carriage: Carriage): Promise<void> {
    const { producerId, taken } = carriage;
    const record = this.#options.recordOf(producerId);
    if (!record || taken.closed) {
      this.#drop(carriage, 'producerClosed');
      throw new SluiceError('producerNotFound', 'The producer was closed meanwhile.');
    }
    await applyPaused(taken, record.paused);
  }

  #drop(carriage: Carriage, reason: 'idle' | 'producerClosed'): void {
    const { end, producerId } = carriage;
    // The far producer goes first, then the pipe consumer that feeds it, the pair of transports last.
    carriage.taken.close();
    if (reason === 'producerClosed' && !end.empty) return;
    this.#options.links.release(end, [producerId]).catch((error: unknown) => {
      this.#options.log.debug({ code: SluiceError.from(error).code }, 'A pipe could not be released; the sweep will.');
    });
  }
}

const isVideo = (taken: Taken): boolean => 'kind' in taken && taken.kind === 'video';

async function applyPaused(taken: Taken, paused: boolean): Promise<void> {
  if (taken.closed || taken.paused === paused) return;
  await (paused ? taken.pause() : taken.resume());
}
