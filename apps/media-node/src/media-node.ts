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
  Report,
  RoomId,
} from '@sluice/shared';
import {
  assertBindable,
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
import { nodeBindings } from './bindings.ts';
import type { NodeConfig } from './config.ts';
import { letGo } from './events/fenced.ts';
import { forgetProcess } from './events/process-lost.ts';
import { followRoom } from './events/room-event.ts';
import { leaveLostRouter } from './events/worker-lost.ts';
import { healConsumer } from './healing/heal-consumer.ts';
import { PipeWatch, pipedTo } from './healing/pipe-watch.ts';
import { sourceOf } from './healing/producer-source.ts';
import { LoadMeter } from './mediasoup/load-meter.ts';
import { ownLoadMeter, usableCores } from './mediasoup/process-load.ts';
import { logWorkers } from './mediasoup/worker-log.ts';
import { WorkerPool } from './mediasoup/worker-pool.ts';
import { createNodeMetrics, type NodeMetrics } from './metrics.ts';
import { Drain } from './moving/drain.ts';
import { readinessOf, reportOf, takeCensus, whyNotAccepting } from './node-report.ts';
import { servedBy } from './operations/serve.ts';
import type { LinkListen, LinkScope } from './pipes/link-end.ts';
import { linkListen } from './pipes/link-listen.ts';
import { PipePorts } from './pipes/pipe-ports.ts';
import { describeHolding } from './room-holding.ts';
import { Notices } from './notices/notices.ts';
import { Slice } from './room/slice.ts';
import type { SliceEvents } from './room/slice-options.ts';
import { Slices } from './room/slices.ts';
import { GatewayWatch } from './upkeep/gateway-watch.ts';
import { republish } from './upkeep/republish.ts';
import { Sweep } from './upkeep/sweep.ts';

export interface MediaNodeOptions {
  config: NodeConfig;
  version: string;
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  /** Why bus and directory can't serve, beside the bus's being away. */
  faults?: (() => readonly string[]) | undefined;
}

/** A media process: operations in, media through its workers, events out. */
export class MediaNode {
  owner: Owner;
  readonly version: string;
  readonly config: NodeConfig;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Directory;
  readonly metrics: NodeMetrics;
  readonly slices: Slices;
  readonly pool: WorkerPool;
  readonly load: LoadMeter;
  readonly ports: PipePorts;
  readonly endpoint: Endpoint;
  readonly notices: Notices;
  readonly registry: Registry;
  readonly drain: Drain;
  readonly pipeWatch: PipeWatch;
  readonly metricsRegistry: MetricsRegistry;
  readonly faults: () => readonly string[];
  readonly #lifecycle: Lifecycle;
  readonly #verifier: FeedVerifier;
  readonly #busMetrics: BusMetrics;
  readonly #listen: Record<LinkScope, LinkListen>;
  #ops: OpsServer | undefined;
  state: 'starting' | 'up' | 'down' = 'starting';

  constructor(options: MediaNodeOptions) {
    const { config, version, bus, clock, directory } = options;
    this.version = version;
    this.config = config;
    this.bus = bus;
    this.clock = clock;
    this.directory = directory;
    this.faults = options.faults ?? (() => []);
    this.owner = { node: config.nodeId as NodeId, boot: newBootId() };
    this.log = options.log.child({ node: config.nodeId });
    this.metricsRegistry = createMetricsRegistry({ role: 'node', version, node: config.nodeId });
    this.#busMetrics = createBusMetrics(this.metricsRegistry);
    this.metrics = createNodeMetrics(this.metricsRegistry, () => takeCensus(this));
    this.pool = new WorkerPool({ config, clock, log: this.log, onDied: () => this.metrics.workerDeaths.inc() });
    this.load = this.#createLoadMeter();
    this.ports = new PipePorts({ clock, onChange: () => this.registry.beat() });
    this.drain = new Drain(this);
    this.pipeWatch = new PipeWatch(this);
    this.#listen = linkListen(config);
    this.#lifecycle = new Lifecycle(this.log);
    this.endpoint = this.#createEndpoint();
    this.notices = new Notices({ endpoint: this.endpoint, clock });
    this.registry = this.#createRegistry();
    this.slices = new Slices({
      directory,
      clock,
      log: this.log,
      emptySliceMs: config.emptySliceMs,
      create: (room) => this.#createSlice(room),
    });
    this.#verifier = new FeedVerifier({ bus, clock, log: this.log, feeds: () => this.#feeds() });
  }

  async start(): Promise<void> {
    const { bus, clock } = this;
    const sweep = new Sweep(this);
    const gatewayWatch = new GatewayWatch(this);
    const beats = new Beats({
      bus,
      clock,
      leaseMs: this.config.leaseMs,
      targets: () => pipedTo(this.slices),
      onSilent: (address, heardAt) => this.registry.lose(address, heardAt),
    });
    await this.#lifecycle.start([
      { name: 'addresses and ports', start: () => assertBindable(nodeBindings(this.config)) },
      { name: 'workers', start: () => this.#startWorkers(), stop: () => this.pool.close() },
      { name: 'ops server', start: () => this.#startOps(), stop: () => this.#ops?.close() },
      { name: 'load meter', start: () => this.load.start(), stop: () => this.load.stop() },
      { name: 'bus endpoint', waits: true, start: () => this.endpoint.start(), stop: () => this.endpoint.close() },
      { name: 'slices', stop: () => this.slices.close() },
      { name: 'room feeds', start: () => this.#verifier.start(), stop: () => this.#verifier.stop() },
      { name: 'sweep', start: () => sweep.start(), stop: () => sweep.stop() },
      { name: 'gateway watch', start: () => gatewayWatch.start(), stop: () => gatewayWatch.stop() },
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
    return reportOf(this);
  }

  get accepting(): boolean {
    return whyNotAccepting(this) === undefined;
  }

  /** @throws noCapacity when this node takes no peers. */
  assertAccepting(): void {
    const reason = whyNotAccepting(this);
    if (reason === undefined) return;
    this.metrics.rejected.inc({ reason });
    throw new SluiceError('noCapacity', 'This node takes no peers at the moment.');
  }

  #garbage(): void {
    this.#busMetrics.dropped.inc({ reason: 'garbage' });
  }

  /** What happens to a slice, and which room of the house sees to it. */
  readonly #sliceEvents: SliceEvents<Slice> = {
    followed: (slice, event, position) => followRoom(this, slice, event, position),
    fenced: (slice) => letGo(this, slice),
    lost: (slice) => republish(this, slice),
    routerLost: (slice, router) => void leaveLostRouter(this, slice, router),
    consumerLost: (slice, peer, carried) => void healConsumer(this, { slice, peer }, carried),
    garbage: () => this.#garbage(),
  };

  #createLoadMeter(): LoadMeter {
    const { pool, clock } = this;
    const onHang = (worker: Parameters<WorkerPool['kill']>[0]) => pool.kill(worker);
    return new LoadMeter({ pool, clock, cores: usableCores(), own: ownLoadMeter(), onHang });
  }

  #createEndpoint(): Endpoint {
    const { bus, clock, log, owner } = this;
    return new Endpoint({
      bus,
      clock,
      log,
      metrics: this.#busMetrics,
      inbox: channels.node(owner.node, owner.boot),
      operations: servedBy(this),
    });
  }

  #createRegistry(): Registry {
    const { bus, clock, config } = this;
    return new Registry({
      bus,
      clock,
      leaseMs: config.leaseMs,
      report: () => this.report(),
      onGarbage: () => this.#garbage(),
      onEvent: (event) => void forgetProcess(this, event),
    });
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
      ports: this.ports,
      notices: this.notices,
      events: this.#sliceEvents,
      settling: () => this.#verifier.settling,
      sourceOf: (slice, record) => sourceOf(this, slice, record),
    });
  }

  *#feeds() {
    for (const slice of this.slices) yield slice.feed;
  }

  #startWorkers(): Promise<void> {
    const { log, clock, metrics } = this;
    logWorkers({ log, clock, onLine: (level) => metrics.workerLines.inc({ level }) });
    return this.pool.start();
  }

  async #startOps(): Promise<void> {
    const { opsHost: host, opsPort: port, opsToken: token } = this.config;
    this.#ops = await startOpsServer({
      host,
      port,
      log: this.log,
      token,
      metrics: this.metricsRegistry,
      readiness: () => readinessOf(this),
      routes: {
        ...drainRoutes({ own: this.drain, registry: this.registry, endpoint: this.endpoint }),
        ...roomRoute((room) => describeHolding(this, room)),
      },
    });
  }
}
