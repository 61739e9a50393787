import type { BootId, Bus, Clock, Directory, GatewayReport, Logger, MetricsRegistry, OpsServer } from '@sluice/shared';
import {
  channels,
  createBusMetrics,
  createMetricsRegistry,
  Endpoint,
  FeedVerifier,
  Lifecycle,
  newBootId,
  type PeerNotice,
  peerNotice,
  type Readiness,
  Registry,
  type Step,
  startOpsServer,
} from '@sluice/shared';
import type { GatewayConfig } from './config.ts';
import { Departures } from './departures.ts';
import { createGatewayMetrics } from './metrics.ts';
import { NodeClient } from './node-client.ts';
import type { Page } from './page.ts';
import { Placements } from './placements.ts';
import { RoomFeeds } from './room-feeds.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import type { Socket, SocketListener } from './socket.ts';
import { SocketServer } from './socket-server.ts';
import { version } from './version.ts';

export interface GatewayOptions {
  config: GatewayConfig;
  /** The caller's to close, after `stop()`. */
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  /** Where this gateway's metrics go; its own registry unless given. */
  metrics?: MetricsRegistry | undefined;
  /** Served at `/`, where the config wants a page. */
  page?: Page | undefined;
  random?: (() => number) | undefined;
}

/** How long a stopping gateway waits for its peers' leaves to be heard. */
const leaveLimitMs = 2000;

/** A gateway: sockets in, bus out. It owns no room and no media; everything it knows of a room it can read again. */
export class Gateway implements AsyncDisposable {
  readonly #options: GatewayOptions;
  readonly #boot: BootId = newBootId();
  readonly #lifecycle: Lifecycle;
  readonly #registryOfMetrics: MetricsRegistry;
  readonly #endpoint: Endpoint;
  readonly #registry: Registry;
  readonly #sessions = new Sessions();
  readonly #rooms: RoomFeeds;
  readonly #services: Services;
  readonly #sockets: SocketServer;
  #ops: OpsServer | undefined;
  #stopping = false;

  constructor(options: GatewayOptions) {
    const { config, bus, directory, clock, log } = options;
    this.#options = options;
    this.#lifecycle = new Lifecycle(log);
    this.#registryOfMetrics = options.metrics ?? createMetricsRegistry({ role: 'gateway', version });
    this.#endpoint = new Endpoint({
      bus,
      clock,
      log,
      metrics: createBusMetrics(this.#registryOfMetrics),
      inbox: channels.gateway(config.gatewayId, this.#boot),
      notices: { peerEvent: { body: peerNotice, handle: (notice: PeerNotice) => this.#tell(notice) } },
    });
    this.#registry = new Registry({ bus, clock, report: () => this.#report() });
    this.#rooms = new RoomFeeds({ directory, log, onRepair: (kind) => this.#services.metrics.repairs.inc({ kind }) });
    this.#sockets = new SocketServer({
      host: config.host,
      port: config.port,
      clock,
      allowedOrigins: config.allowedOrigins,
      maxSockets: config.maxSessions,
      page: config.devPage ? options.page : undefined,
      open: (socket) => this.#open(socket),
    });
    this.#services = this.#createServices();
  }

  get port(): number {
    return this.#sockets.port;
  }

  /** This gateway's inbox on the bus. */
  get address(): string {
    return this.#endpoint.inbox;
  }

  /** Undefined until started. */
  get opsPort(): number | undefined {
    return this.#ops?.port;
  }

  /** Connections that stand, joined or not. */
  get sessions(): number {
    return this.#sessions.size;
  }

  get registry(): Registry {
    return this.#registry;
  }

  async start(): Promise<void> {
    await this.#lifecycle.start(this.#steps());
    this.#options.log.info({ port: this.port, opsPort: this.opsPort, address: this.address }, 'Gateway is listening.');
  }

  /** Sends every client away with 4000, says their leaves, and stops. Idempotent. */
  stop(): Promise<void> {
    this.#stopping = true;
    return this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #steps(): Step[] {
    const { bus, clock, log, config } = this.#options;
    const { departures } = this.#services;
    const verifier = new FeedVerifier({ feeds: () => this.#rooms.feeds(), bus, clock, log });
    return [
      { name: 'endpoint', start: () => this.#endpoint.start(), stop: () => this.#endpoint.close() },
      { name: 'registry', start: () => this.#registry.start(), stop: () => this.#registry.stop() },
      { name: 'feed verifier', start: () => verifier.start(), stop: () => verifier.stop() },
      { name: 'departures', start: () => departures.start(), stop: () => departures.stop() },
      { name: 'ops server', start: () => this.#startOps(config), stop: () => this.#ops?.close() },
      { name: 'sockets', stop: () => this.#sockets.close() },
      { name: 'sessions', stop: () => this.#sendAway() },
      { name: 'listening', start: () => this.#sockets.listen(), stop: () => this.#sockets.stopListening() },
    ];
  }

  async #startOps({ opsHost, opsPort }: GatewayConfig): Promise<void> {
    const metrics = this.#registryOfMetrics;
    this.#ops = await startOpsServer({ host: opsHost, port: opsPort, metrics, readiness: () => this.#readiness() });
  }

  #createServices(): Services {
    const { config, bus, clock, log, random = Math.random } = this.#options;
    const nodes = new NodeClient(this.#endpoint, clock);
    return {
      config,
      bus,
      clock,
      log,
      nodes,
      sessions: this.#sessions,
      rooms: this.#rooms,
      departures: new Departures({ nodes, bus, clock, log }),
      placements: new Placements({ registry: this.#registry, policy: config.placement, clock, random }),
      metrics: createGatewayMetrics(this.#registryOfMetrics, {
        connections: () => this.#sessions.size,
        joined: () => this.#sessions.joined,
        rooms: () => this.#rooms.size,
        bufferedBytes: () => this.#sockets.bufferedBytes,
      }),
    };
  }

  #open(socket: Socket): SocketListener {
    const session = new Session(socket, this.#services);
    this.#sessions.add(session);
    this.#services.metrics.opened.inc();
    return session;
  }

  #tell(notice: PeerNotice): void {
    const session = this.#sessions.find(notice);
    if (session) session.notice(notice.event);
    else this.#services.metrics.dropped.inc({ reason: 'noSession' });
  }

  #report(): GatewayReport {
    const { id, boot, address } = { id: this.#options.config.gatewayId, boot: this.#boot, address: this.address };
    return { kind: 'gateway', id, boot, address, version, sessions: this.sessions, draining: this.#stopping };
  }

  #readiness(): Readiness {
    const reasons = [];
    if (this.#stopping) reasons.push('stopping');
    if (!this.#endpoint.hearing) reasons.push('the bus is not heard');
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
  }

  async #sendAway(): Promise<void> {
    const { clock } = this.#options;
    const limit = Promise.withResolvers<void>();
    const timer = clock.setTimer(limit.resolve, leaveLimitMs);
    await Promise.race([this.#sessions.closeAll('goingAway'), limit.promise]);
    timer.cancel();
  }
}
