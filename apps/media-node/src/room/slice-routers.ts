import { SingleFlight, SluiceError } from '@sluice/shared';
import { SliceRouter, type Speaker } from '../mediasoup/slice-router.ts';
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
  forPeer(): Promise<SliceRouter> {
    const { policy, hotLoad, pool } = this.#options;
    const living = this.#routers.filter((router) => !router.closed);
    if (policy === 'spread') return this.#on(this.#nextWorker(living));
    const cool = living.filter((router) => router.worker.load < hotLoad);
    const coolest = cool.sort((a, b) => a.worker.load - b.worker.load)[0];
    return coolest ? Promise.resolve(coolest) : this.#on(pool.leastLoaded());
  }

  close(): void {
    this.#closed = true;
    for (const router of this.#routers) router.close();
  }

  #nextWorker(living: SliceRouter[]): PooledWorker {
    const peersOn = (worker: PooledWorker) =>
      living.filter((router) => router.worker === worker).reduce((sum, router) => sum + router.peers, 0);
    const [first, ...rest] = this.#options.pool.workers;
    if (!first) throw new SluiceError('noCapacity', 'This node has no worker at the moment.');
    return rest.reduce((best, worker) => (peersOn(worker) < peersOn(best) ? worker : best), first);
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
