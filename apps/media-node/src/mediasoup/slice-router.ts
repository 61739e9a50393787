import { createHash } from 'node:crypto';
import type { ProducerId, RouterId } from '@sluice/shared';
import type { types } from 'mediasoup';
import { mediaCodecs } from './codecs.ts';
import type { PooledWorker } from './worker-pool.ts';

export interface Speaker {
  producerId: string;
  /** dBov, −127 (silence) to 0. */
  volume: number;
}

export interface SliceRouterOptions {
  /** The router is gone without our doing: its worker died. */
  onLost: () => void;
  onSpeakers: (speakers: Speaker[]) => void;
}

/** How often the loudest are told, in ms, and how loud they must be, in dBov. */
const speakerIntervalMs = 800;
const speakerThreshold = -60;

/** One router of a slice, on one worker. */
export class SliceRouter {
  readonly id: RouterId;
  readonly worker: PooledWorker;
  readonly router: types.Router;
  readonly #levels: types.AudioLevelObserver;
  /** Peers whose transports are here. */
  #peers = 0;
  /** By their producers: those of peers and those of pipes. */
  readonly #consumers = new Map<string, Set<types.Consumer>>();
  #capabilitiesHash: string | undefined;

  private constructor(worker: PooledWorker, router: types.Router, levels: types.AudioLevelObserver) {
    this.id = router.id as RouterId;
    this.worker = worker;
    this.router = router;
    this.#levels = levels;
    router.observer.on('newtransport', (transport) => {
      transport.observer.on('newconsumer', (consumer) => this.#keep(consumer));
    });
  }

  /** Of what the router can do: the same for all of one version. */
  get capabilitiesHash(): string {
    this.#capabilitiesHash ??= createHash('sha256')
      .update(JSON.stringify(this.router.rtpCapabilities))
      .digest('base64url');
    return this.#capabilitiesHash;
  }

  static async create(worker: PooledWorker, options: SliceRouterOptions): Promise<SliceRouter> {
    const router = await worker.worker.createRouter({ mediaCodecs });
    const levels = await router.createAudioLevelObserver({
      maxEntries: 5,
      threshold: speakerThreshold,
      interval: speakerIntervalMs,
    });
    router.on('workerclose', options.onLost);
    levels.on('volumes', (volumes) =>
      options.onSpeakers(volumes.map(({ producer, volume }) => ({ producerId: producer.id, volume }))),
    );
    levels.on('silence', () => options.onSpeakers([]));
    return new SliceRouter(worker, router, levels);
  }

  get closed(): boolean {
    return this.router.closed;
  }

  get peers(): number {
    return this.#peers;
  }

  /** A peer's transports are here from now on. */
  addPeer(): void {
    this.#peers++;
    this.worker.peers++;
  }

  removePeer(): void {
    this.#peers--;
    this.worker.peers--;
    // One that has gone will not show in a sample.
    this.worker.placed = Math.min(this.worker.placed, this.worker.peers);
  }

  consumersOf(producerId: ProducerId): Iterable<types.Consumer> {
    return this.#consumers.get(producerId) ?? [];
  }

  /** Takes a producer's loudness into account until it closes. */
  listenTo(producer: types.Producer): void {
    if (producer.kind !== 'audio') return;
    // It may close while this is on its way; then there is nothing to listen to.
    this.#levels.addProducer({ producerId: producer.id }).catch(() => undefined);
  }

  close(): void {
    this.router.close();
  }

  #keep(consumer: types.Consumer): void {
    const { producerId } = consumer;
    const ofProducer = this.#consumers.get(producerId) ?? new Set();
    this.#consumers.set(producerId, ofProducer.add(consumer));
    consumer.observer.once('close', () => {
      ofProducer.delete(consumer);
      if (ofProducer.size === 0) this.#consumers.delete(producerId);
    });
  }
}
