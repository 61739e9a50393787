import { SingleFlight } from '@sluice/shared';
import { SliceRouter, type Speaker } from '../mediasoup/slice-router.ts';
import { coolest, expectedLoad } from '../mediasoup/worker-choice.ts';
import type { PooledWorker, WorkerPool } from '../mediasoup/worker-pool.ts';

export interface SliceRoutersOptions {
  pool: WorkerPool;
  policy: 'pack' | 'spread';
  /** Share of its core, 0–1, above which a worker takes no more of the room. */
  hotLoad: number;
  onLost: (router: SliceRouter) => void;
  onSpeakers: (router: SliceRouter, speakers: Speaker[]) => void;
}

/** The routers of a slice, one a worker at most: the first for its first peer, more as workers run hot. */
export class SliceRouters {
  readonly #options: SliceRoutersOptions;
  readonly #routers: SliceRouter[] = [];
  readonly #making = new SingleFlight<PooledWorker, SliceRouter>();
  /** Peers whose worker is chosen and that are not on its router yet: a burst is shared out as it is chosen for. */
  readonly #arriving = new Map<PooledWorker, number>();
  #closed = false;

  constructor(options: SliceRoutersOptions) {
    this.#options = options;
  }

  get standing(): readonly SliceRouter[] {
    return this.#routers;
  }

  byId(id: string): SliceRouter | undefined {
    return this.#routers.find((router) => router.id === id);
  }

  /**
   * The router for one more peer. `pack` stays on the coolest router whose worker has headroom; `spread` goes round the
   * workers.
   *
   * @throws noCapacity while no worker lives.
   */
  async forPeer(): Promise<SliceRouter> {
    const worker = this.#options.policy === 'spread' ? this.#nextWorker() : this.#packedWorker();
    worker.placed++;
    this.#arriving.set(worker, this.#arrivingOn(worker) + 1);
    try {
      return await this.#on(worker);
    } finally {
      const left = this.#arrivingOn(worker) - 1;
      if (left > 0) this.#arriving.set(worker, left);
      else this.#arriving.delete(worker);
    }
  }

  close(): void {
    this.#closed = true;
    for (const router of this.#routers) router.close();
  }

  #packedWorker(): PooledWorker {
    const { pool, hotLoad } = this.#options;
    const cool = pool.workers.filter((worker) => this.#isHere(worker) && expectedLoad(worker) < hotLoad);
    return cool.length > 0 ? coolest(cool) : pool.leastLoaded();
  }

  #nextWorker(): PooledWorker {
    const { workers } = this.#options.pool;
    const counts = new Map(workers.map((worker) => [worker, this.#peersOn(worker)]));
    const fewest = Math.min(...counts.values());
    return coolest(workers.filter((worker) => counts.get(worker) === fewest));
  }

  #living(): SliceRouter[] {
    return this.#routers.filter((router) => !router.closed);
  }

  #isHere(worker: PooledWorker): boolean {
    return this.#arriving.has(worker) || this.#living().some((router) => router.worker === worker);
  }

  /** Peers of this room alone. */
  #peersOn(worker: PooledWorker): number {
    const here = this.#living().find((router) => router.worker === worker);
    return (here?.peers ?? 0) + this.#arrivingOn(worker);
  }

  #arrivingOn(worker: PooledWorker): number {
    return this.#arriving.get(worker) ?? 0;
  }

  async #on(worker: PooledWorker): Promise<SliceRouter> {
    const standing = this.#routers.find((router) => router.worker === worker && !router.closed);
    if (standing) return standing;
    const made = await this.#making.get(worker, () => this.#createRouter(worker));
    this.#making.forget(worker);
    if (this.#closed) made.close();
    return made;
  }

  async #createRouter(worker: PooledWorker): Promise<SliceRouter> {
    const router: SliceRouter = await SliceRouter.create(worker, {
      onLost: () => {
        this.#routers.splice(this.#routers.indexOf(router), 1);
        this.#options.onLost(router);
      },
      onSpeakers: (speakers) => this.#options.onSpeakers(router, speakers),
    });
    this.#routers.push(router);
    return router;
  }
}
