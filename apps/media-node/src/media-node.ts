import type {
  Bus,
  BusMetrics,
  Clock,
  Directory,
  Logger,
  MetricsRegistry,
  NodeId,
  NodeReport,
  OpsServer,
  Owner,
  Readiness,
  Report,
  RoomId,
} from '@sluice/shared';
import {
  Beats,
  channels,
  createBusMetrics,
  createMetricsRegistry,
  drainRoutes,
  Endpoint,
  FeedVerifier,
  Lifecycle,
  newBootId,
  Registry,
  roomRoute,
  SluiceError,
  startOpsServer,
} from '@sluice/shared';
import type { NodeConfig } from './config.ts';
import { takeCensus } from './node-report.ts';
import { LoadMeter } from './mediasoup/load-meter.ts';
import { adoptTransport } from './room/peer-transports.ts';
import type { LinkListen, LinkScope } from './pipes/link-end.ts';
import { createPeerTransport, type Direction } from './mediasoup/transports.ts';
import { WorkerPool } from './mediasoup/worker-pool.ts';
import { createNodeMetrics, type NodeMetrics } from './metrics.ts';
import { PipeWatch, pipedTo } from './healing/pipe-watch.ts';
import { healingOf } from './healing/slice-healing.ts';
import { linkListen } from './pipes/link-listen.ts';
import { describeHolding } from './room-holding.ts';
import { servedBy } from './operations/serve.ts';
import type { Peer } from './room/peer.ts';
import { Slice } from './room/slice.ts';
import { Slices } from './room/slices.ts';
import { republish } from './upkeep/republish.ts';
import { Sweep } from './upkeep/sweep.ts';
import { Drain } from './moving/drain.ts';
import { forgetNode } from './events/process-lost.ts';
import { letGoAfterMs, markMoved } from './moving/old-place.ts';
import { leaveRouter } from './events/worker-lost.ts';

export interface MediaNodeOptions {
  config: NodeConfig;
  version: string;
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
}

/** A media process: operations in, media through its workers, events out. */
export class MediaNode {
  owner: Owner;
  readonly config: NodeConfig;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Directory;
  readonly metrics: NodeMetrics;
  readonly slices: Slices;
  readonly pool: WorkerPool;
  readonly load: LoadMeter;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly drain: Drain;
  readonly pipeWatch: PipeWatch;
  readonly metricsRegistry: MetricsRegistry;
  readonly #options: MediaNodeOptions;
  readonly #lifecycle: Lifecycle;
  readonly #verifier: FeedVerifier;
  readonly #busMetrics: BusMetrics;
  readonly #listen: Record<LinkScope, LinkListen>;
  #ops: OpsServer | undefined;
  state: 'starting' | 'up' | 'down' = 'starting';

  constructor(options: MediaNodeOptions) {
    const { config, bus, clock, directory } = options;
    this.#options = options;
    this.config = config;
    this.bus = bus;
    this.clock = clock;
    this.directory = directory;
    this.owner = { node: config.nodeId as NodeId, boot: newBootId() };
    this.log = options.log.child({ node: config.nodeId });
    this.metricsRegistry = createMetricsRegistry({ role: 'node', version: options.version, node: config.nodeId });
    this.#busMetrics = createBusMetrics(this.metricsRegistry);
    this.metrics = createNodeMetrics(this.metricsRegistry, () => takeCensus(this));
    this.pool = new WorkerPool({ config, log: this.log, onDied: () => this.metrics.workerDeaths.inc() });
    this.load = new LoadMeter({ pool: this.pool, clock, onHang: (worker) => this.pool.kill(worker) });
    this.drain = new Drain(this, clock);
    this.pipeWatch = new PipeWatch(this);
    this.#listen = linkListen(config);
    this.#lifecycle = new Lifecycle(this.log);
    const common = { bus, clock, log: this.log };
    this.endpoint = new Endpoint({
      ...common,
      metrics: this.#busMetrics,
      inbox: channels.node(this.owner.node, this.owner.boot),
      operations: servedBy(this),
    });
    this.registry = new Registry({
      bus,
      clock,
      leaseMs: config.leaseMs,
      report: () => this.report(),
      onGarbage: () => this.#garbage(),
      onEvent: (event) => void forgetNode(this, event),
    });
    this.#verifier = new FeedVerifier({ ...common, feeds: () => this.#feeds() });
    this.slices = new Slices({
      ...common,
      directory,
      emptySliceMs: config.emptySliceMs,
      create: (room) => this.#createSlice(room),
    });
  }

  async start(): Promise<void> {
    const sweep = new Sweep(this);
    const { bus, clock } = this;
    const beats = new Beats({
      bus,
      clock,
      leaseMs: this.config.leaseMs,
      targets: () => pipedTo(this),
      onSilent: (address, heardAt) => this.registry.lose(address, heardAt),
    });
    await this.#lifecycle.start([
      { name: 'workers', start: () => this.pool.start(), stop: () => this.pool.close() },
      { name: 'ops server', start: () => this.#startOps(), stop: () => this.#ops?.close() },
      { name: 'load meter', start: () => this.load.start(), stop: () => this.load.stop() },
      { name: 'bus endpoint', waits: true, start: () => this.endpoint.start(), stop: () => this.endpoint.close() },
      { name: 'slices', stop: () => this.slices.close() },
      { name: 'room feeds', start: () => this.#verifier.start(), stop: () => this.#verifier.stop() },
      { name: 'sweep', start: () => sweep.start(), stop: () => sweep.stop() },
      { name: 'pipe watch', start: () => this.pipeWatch.start(), stop: () => this.pipeWatch.stop() },
      { name: 'beats', start: () => beats.start(), stop: () => beats.stop() },
      { name: 'registry', waits: true, start: () => this.registry.start(), stop: () => this.registry.stop() },
    ]);
    this.state = 'up';
    this.registry.beat();
    const found = { boot: this.owner.boot, workers: this.pool.workers.length, opsPort: this.opsPort };
    this.log.info(found, 'The node is up.');
  }

  /** Waits for its peers to be moved, `deadlineMs` at most, and goes. False where that was cancelled, and it stays. */
  async drainAndStop(deadlineMs: number): Promise<boolean> {
    const outcome = await this.drain.run(deadlineMs);
    this.log.info({ outcome, ...this.drain.status }, 'The drain is over.');
    if (outcome !== 'cancelled') await this.stop();
    return outcome !== 'cancelled';
  }

  /** Gives up its slices, and goes. */
  async stop(): Promise<void> {
    this.state = 'down';
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get opsPort(): number {
    return this.#ops?.port ?? 0;
  }

  report(): NodeReport & Report {
    return {
      kind: 'node',
      id: this.owner.node,
      boot: this.owner.boot,
      address: this.endpoint.inbox,
      version: this.#options.version,
      region: this.config.region,
      load: this.load.ratio,
      workers: this.pool.workers.length,
      peers: [...this.slices].reduce((sum, slice) => sum + slice.peers.size, 0),
      draining: this.drain.draining || this.state === 'down',
      accepting: this.state === 'up' && !this.drain.draining && this.pool.workers.length > 0,
    };
  }

  readiness(): Readiness {
    const reasons = [
      ...(this.state === 'up' ? [] : [`the node is ${this.state}`]),
      ...(this.drain.draining ? ['the node is draining'] : []),
      ...(this.endpoint.hearing ? [] : ['the bus is away']),
      ...(this.pool.workers.length > 0 ? [] : ['no worker lives']),
    ];
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
  }

  /** @throws noCapacity when this node takes no peers. */
  assertAccepting(): void {
    if (this.report().accepting) return;
    this.metrics.rejected.inc({ reason: this.state === 'up' ? 'noWorker' : 'notUp' });
    throw new SluiceError('noCapacity', 'This node takes no peers at the moment.');
  }

  /**
   * The cluster took a slice from this boot. Its peers are on their way to other places; what they still have here is
   * kept for a moment, so that they can leave it behind rather than lose it, and nothing is written any more.
   */
  lostClaim(slice: Slice): void {
    if (slice.closed || slice.fenced) return;
    slice.fenced = true;
    this.log.warn({ room: slice.room, boot: slice.owner.boot }, 'This boot was fenced in a room; its slice is let go.');
    this.clock.setTimer(() => void this.slices.drop(slice), letGoAfterMs);
    void this.#beReborn(slice.owner);
  }

  /** A transport of a peer, on the peer's router; a new router if its own has died. */
  async createTransport(slice: Slice, peer: Peer, options: { direction: Direction; sctp: boolean }) {
    peer.assertRoomFor('transports');
    if (peer.router.closed) peer.moveTo(await slice.routerForPeer());
    const { initialOutgoingBitrate } = this.config;
    const made = await createPeerTransport(peer.router, { ...options, initialOutgoingBitrate });
    if (peer.closed) made.transport.close();
    peer.assertOpen();
    adoptTransport(this, peer, made);
    return made;
  }

  /** A boot that was fenced is over. The process goes on as a new one, which owns nothing yet. */
  async #beReborn({ boot }: Owner): Promise<void> {
    if (this.owner.boot !== boot) return;
    this.owner = { node: this.owner.node, boot: newBootId() };
    try {
      await this.endpoint.rename(channels.node(this.owner.node, this.owner.boot));
      this.registry.beat();
      this.log.info({ boot: this.owner.boot }, 'The node goes on under a new boot.');
    } catch (error) {
      this.log.error({ error }, 'The new boot cannot be heard: the bus is closed.');
    }
  }

  #garbage(): void {
    this.#busMetrics.dropped.inc({ reason: 'garbage' });
  }

  #createSlice(room: RoomId): Slice {
    const { config, owner, clock, directory, endpoint, pool, metrics } = this;
    return new Slice({
      room,
      owner,
      config,
      clock,
      directory,
      endpoint,
      pool,
      metrics,
      log: this.log.child({ room }),
      listen: this.#listen,
      ...healingOf(this),
      settling: () => this.#verifier.settling,
      onLost: (slice) => republish(this, slice),
      onGarbage: () => this.#garbage(),
      onFenced: (slice) => this.lostClaim(slice),
      onRouterLost: (slice, router) => void leaveRouter(this, slice, router),
      onPeerMoved: (slice, peer) => markMoved(this, slice, peer),
      onPeerGone: (slice, peer, reason) => {
        this.log.info({ room, peer: peer.id, reason }, 'A peer was taken out of its room.');
        slice.discard(peer);
        this.slices.settle(slice);
      },
    });
  }

  *#feeds() {
    for (const slice of this.slices) yield slice.feed;
  }

  async #startOps(): Promise<void> {
    const { opsHost: host, opsPort: port } = this.config;
    this.#ops = await startOpsServer({
      host,
      port,
      metrics: this.metricsRegistry,
      readiness: () => this.readiness(),
      routes: {
        ...drainRoutes({ own: this.drain, registry: this.registry, endpoint: this.endpoint }),
        ...roomRoute((room) => describeHolding(this, room)),
      },
    });
  }
}
