import type { Clock, Logger, ProducerId, ProducerRecord, Timer } from '@sluice/shared';
import { channels, SingleFlight, SluiceError } from '@sluice/shared';
import type { MediaPath } from '@sluice/shared/protocol';
import type { NodeMetrics } from '../metrics.ts';
import type { LinkEnd, LinkScope, Taken } from './link-end.ts';
import { onClose } from './link-end.ts';
import type { Links, LinkSource } from './links.ts';
import type { SliceRouter } from './slice-router.ts';

/** A producer that was carried into a router of this slice, for as long as somebody there uses it. */
export class Carriage {
  readonly producerId: ProducerId;
  readonly router: SliceRouter;
  readonly end: LinkEnd;
  readonly taken: Taken;
  /** Where it was carried from within this node, if it came here over another of our routers. */
  readonly upstream: Carriage | undefined;
  users = 0;
  opened = false;
  idle: Timer | undefined;

  constructor(options: {
    producerId: ProducerId;
    router: SliceRouter;
    end: LinkEnd;
    taken: Taken;
    upstream?: Carriage;
  }) {
    this.producerId = options.producerId;
    this.router = options.router;
    this.end = options.end;
    this.taken = options.taken;
    this.upstream = options.upstream;
  }

  /** `node` if any part of the way leads between nodes. */
  get path(): MediaPath {
    return this.end.scope === 'node' || this.upstream ? 'node' : 'worker';
  }
}

/** A producer within reach of a router. `release` must be called once, when its user has gone. */
export interface Reach {
  path: MediaPath;
  /** To be called when its user can receive: until the first can, video stays where it is. */
  open(): void;
  release(): void;
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
      carriage.users++;
      carriage.idle?.cancel();
      carriage.idle = undefined;
      return carriage;
    }
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
      const source = { router: from.id, address: undefined };
      return this.#carry(producerId, to, source, upstream, () => this.#spread.forget(key));
    });
  }

  #enter(producerId: ProducerId, router: SliceRouter): Promise<Carriage> {
    const record = this.#options.recordOf(producerId);
    if (!record) throw new SluiceError('producerNotFound', 'There is no such producer.');
    const source = { router: record.router, address: channels.node(record.node, record.boot) };
    return this.#carry(producerId, router, source, undefined, () => this.#entries.forget(producerId));
  }

  async #carry(
    producerId: ProducerId,
    router: SliceRouter,
    source: LinkSource,
    upstream: Carriage | undefined,
    forget: () => void,
  ): Promise<Carriage> {
    const scope: LinkScope = source.address === undefined ? 'worker' : 'node';
    const began = this.#options.clock.now();
    const done = (result: string) =>
      this.#options.metrics.pipeSetup.observe({ scope, result }, (this.#options.clock.now() - began) / 1000);
    try {
      const { end, taken } = await this.#options.links.take(router, source, producerId);
      const carriage = new Carriage({ producerId, router, end, taken, ...(upstream && { upstream }) });
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
    this.#carriages.add(carriage);
    if (carriage.upstream) carriage.upstream.users++;
    onClose(carriage.taken, () => {
      forget();
      carriage.idle?.cancel();
      this.#carriages.delete(carriage);
      if (carriage.upstream) this.#leave(carriage.upstream);
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
