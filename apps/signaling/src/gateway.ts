import type { Bus, Clock, Directory, Logger, MetricsRegistry, OpsServer, Step } from '@sluice/shared';
import { assertBindable, createMetricsRegistry, delay, Lifecycle, startOpsServer } from '@sluice/shared';
import { type GatewayConfig, gatewayBindings } from './config.ts';
import { developmentPage, type Page } from './socket/page.ts';
import { SocketServer } from './socket/socket-server.ts';
import { Switchboard } from './switchboard.ts';
import { version } from './version.ts';

export interface GatewayOptions {
  config: GatewayConfig;
  /** The caller's to close, after `stop()`. */
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  /** Where this gateway's metrics go; a registry of its own unless given. */
  metrics?: MetricsRegistry | undefined;
  /** Served at `/`, where the config wants a page. */
  page?: Page | undefined;
  /** 0 up to and without 1: decides between equally good nodes. */
  random?: (() => number) | undefined;
  /** Why bus and directory can't serve, beside the bus's being away. */
  faults?: (() => readonly string[]) | undefined;
}

/** Nodes greet a newcomer within milliseconds. A cluster that has none yet is not waited for longer than this. */
const firstLookMs = 500;

/** Where clients may choose their nodes, the cluster is a developer's own. */
function servedPage({ config, page }: GatewayOptions): Page | undefined {
  if (!config.devPage || !page) return undefined;
  return config.allowNodeChoice ? developmentPage(page) : page;
}

/** How often a draining gateway looks whether its clients have gone, in ms. */
const lookEveryMs = 50;

/** A gateway: a port for clients, a private port, and the switchboard between the clients and the bus. */
export class Gateway implements AsyncDisposable {
  readonly #options: GatewayOptions;
  readonly #lifecycle: Lifecycle;
  readonly #metrics: MetricsRegistry;
  readonly #switchboard: Switchboard;
  readonly #sockets: SocketServer;
  #ops: OpsServer | undefined;

  constructor(options: GatewayOptions) {
    const { config, log, clock } = options;
    this.#options = options;
    this.#lifecycle = new Lifecycle(log);
    this.#metrics = options.metrics ?? createMetricsRegistry({ role: 'gateway', version });
    this.#switchboard = new Switchboard({
      ...options,
      version,
      metrics: this.#metrics,
      random: options.random ?? Math.random,
      bufferedBytes: () => this.#sockets.bufferedBytes,
    });
    this.#sockets = new SocketServer({
      host: config.host,
      port: config.port,
      clock,
      log,
      allowedOrigins: config.allowedOrigins,
      maxSockets: config.maxSessions,
      maxSocketsPerAddress: config.maxSessionsPerAddress,
      onRefused: (reason) => this.#switchboard.refused(reason),
      behindProxy: config.behindProxy,
      page: servedPage(options),
      development: config.allowNodeChoice,
      accepting: () => !this.#switchboard.drain.draining,
      open: (socket) => this.#switchboard.open(socket),
    });
  }

  /** Where clients connect: the port asked for, or the one found free where that was 0. */
  get port(): number {
    return this.#sockets.port;
  }

  /** This gateway's inbox on the bus. */
  get address(): string {
    return this.#switchboard.address;
  }

  /** 0 until started. */
  get opsPort(): number {
    return this.#ops?.port ?? 0;
  }

  /** Connections that stand, joined or not. */
  get sessions(): number {
    return this.#switchboard.sessions.size;
  }

  /** Rooms that a session here is in, or on the way into. */
  get rooms(): number {
    return this.#switchboard.rooms.size;
  }

  async start(): Promise<void> {
    await this.#lifecycle.start(this.#steps());
    const { port, opsPort, address } = this;
    this.#options.log.info({ port, opsPort, address }, 'The gateway is up.');
  }

  /**
   * Takes no new client, tells those that are here to go elsewhere, each after a time of its own so that the others
   * are not overrun, and stops when they have gone or their time is over.
   */
  async drain(): Promise<void> {
    this.#switchboard.beginStop();
    this.#sockets.stopListening();
    const { drain } = this.#switchboard;
    drain.begin();
    while (drain.draining && !drain.status.over) await delay(this.#options.clock, lookEveryMs);
    await this.stop();
  }

  /**
   * Sends every client away with 4000 and stops: within seconds. Their peers stay, to be resumed by another gateway.
   * Idempotent.
   */
  stop(): Promise<void> {
    this.#switchboard.beginStop();
    return this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Stopped in reverse: no new clients first, then the sessions, and their sockets when those have said goodbye. */
  #steps(): Step[] {
    return [
      { name: 'addresses and ports', start: () => assertBindable(gatewayBindings(this.#options.config)) },
      { name: 'sockets', stop: () => this.#sockets.close() },
      { name: 'ops server', start: () => this.#startOps(), stop: () => this.#ops?.close() },
      ...this.#switchboard.steps(),
      { name: 'first look', start: () => this.#look() },
      { name: 'listening', start: () => this.#sockets.listen(), stop: () => this.#sockets.stopListening() },
    ];
  }

  /** Waits for the first node to be heard of, so that a client that connects at once can join. */
  async #look(): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + firstLookMs;
    while (this.#switchboard.registry.pool.size === 0 && clock.now() < until) await delay(clock, 10);
  }

  async #startOps(): Promise<void> {
    const { opsHost: host, opsPort: port, opsToken: token } = this.#options.config;
    const readiness = () => this.#switchboard.readiness();
    this.#ops = await startOpsServer({
      host,
      port,
      token,
      log: this.#options.log,
      readiness,
      metrics: this.#metrics,
      routes: this.#switchboard.routes(),
    });
  }
}
