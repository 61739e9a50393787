import type { BootId, Bus, Clock, Directory, GatewayReport, Logger, MetricsRegistry } from '@sluice/shared';
import {
  Beats,
  channels,
  createBusMetrics,
  createDetectionMetric,
  drainRoutes,
  drainServed,
  Endpoint,
  FeedVerifier,
  newBootId,
  nodeOperations,
  type OpsRoute,
  type PeerNotice,
  peerNotice,
  type Readiness,
  Registry,
  type RegistryEvent,
  roomRoute,
  type ServedOperation,
  type Step,
} from '@sluice/shared';
import type { GatewayConfig } from './config.ts';
import { Departures } from './nodes/farewells.ts';
import { Fencing } from './rooms/fencing.ts';
import { GatewayDrain } from './drain.ts';
import { createGatewayMetrics } from './metrics.ts';
import { MoveTimes } from './session/move-times.ts';
import { Movers } from './moving/movers.ts';
import { NodeClient } from './nodes/node-client.ts';
import { Placements } from './nodes/placements.ts';
import { ResumeGuard } from './actions/resume-guard.ts';
import { RoomFeeds } from './rooms/followed-rooms.ts';
import { describeHolding } from './room-holding.ts';
import type { Services } from './services.ts';
import { Session } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import type { Socket, SocketListener } from './socket/socket.ts';

export interface SwitchboardOptions {
  config: GatewayConfig;
  version: string;
  /** The caller's to close, after the last step has stopped. */
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  metrics: MetricsRegistry;
  /** 0 up to and without 1: decides between equally good nodes. */
  random: () => number;
  bufferedBytes: () => number;
}

/** As the metrics name them. */
const resumeScopes = { peer: 'resumePeer', address: 'resumeAddress' } as const;

/** How long a stopping gateway waits for its peers' leaves to be heard, in ms. */
const leaveLimitMs = 2000;

/**
 * A gateway without its ports: sessions on one side, the bus on the other. It owns no room and no media; everything
 * that it knows of a room it can read again.
 */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #boot: BootId = newBootId();
  readonly #endpoint: Endpoint;
  readonly #registry: Registry;
  readonly #sessions = new Sessions();
  readonly drain: GatewayDrain;
  readonly #rooms: RoomFeeds;
  readonly #verifier: FeedVerifier;
  readonly #services: Services;
  readonly #fencing: Fencing;
  readonly #movers: Movers;
  readonly #detected: (event: RegistryEvent) => void;
  #stopping = false;

  constructor(options: SwitchboardOptions) {
    const { config, bus, directory, clock, log } = options;
    this.#options = options;
    const busMetrics = createBusMetrics(options.metrics);
    this.#detected = createDetectionMetric(options.metrics);
    const onGarbage = () => busMetrics.dropped.inc({ reason: 'garbage' });
    this.drain = new GatewayDrain({
      sessions: this.#sessions,
      clock,
      random: options.random,
      defaultSpreadMs: config.drainSpreadMs,
      onChange: () => this.#registry.beat(),
    });
    this.#endpoint = new Endpoint({
      bus,
      clock,
      log,
      metrics: busMetrics,
      inbox: channels.gateway(config.gatewayId, this.#boot),
      operations: servedDrain(this.drain),
      notices: { peerEvent: { body: peerNotice, handle: (notice: PeerNotice) => this.#tell(notice) } },
    });
    this.#registry = new Registry({
      bus,
      clock,
      leaseMs: config.leaseMs,
      report: () => this.#report(),
      onGarbage,
      onEvent: (event) => this.#heed(event),
    });
    this.#verifier = new FeedVerifier({ feeds: () => this.#rooms.feeds(), bus, clock, log });
    const onRepair = (kind: 'gap' | 'resync') => this.#services.metrics.repairs.inc({ kind });
    const settling = () => this.#verifier.settling;
    this.#rooms = new RoomFeeds({ directory, log, settling, onRepair, onGarbage });
    this.#fencing = new Fencing({
      rooms: this.#rooms,
      registry: this.#registry,
      leaseMs: config.leaseMs,
      directory,
      bus,
      clock,
      log,
      onFenced: () => this.#services.metrics.fences.inc(),
      onReaped: () => this.#services.metrics.reaps.inc(),
    });
    this.#services = this.#createServices();
    this.#movers = new Movers(this.#services, this.#registry);
  }

  /** This gateway's inbox on the bus. */
  get address(): string {
    return this.#endpoint.inbox;
  }

  get sessions(): Sessions {
    return this.#sessions;
  }

  get rooms(): RoomFeeds {
    return this.#rooms;
  }

  get registry(): Registry {
    return this.#registry;
  }

  /** What starts and stops, in order. The last one to start, and so the first to stop, is the sessions. */
  steps(): Step[] {
    const { bus, clock, config } = this.#options;
    const { leaseMs } = config;
    const { departures } = this.#services;
    const beats = new Beats({
      bus,
      clock,
      leaseMs,
      targets: () => this.#sessions.nodes(),
      onSilent: (address, heardAt) => this.#registry.lose(address, heardAt),
    });
    return [
      { name: 'endpoint', waits: true, start: () => this.#endpoint.start(), stop: () => this.#endpoint.close() },
      { name: 'registry', waits: true, start: () => this.#registry.start(), stop: () => this.#registry.stop() },
      { name: 'feed verifier', start: () => this.#verifier.start(), stop: () => this.#verifier.stop() },
      { name: 'beats', start: () => beats.start(), stop: () => beats.stop() },
      { name: 'fencing', start: () => this.#fencing.start(), stop: () => this.#fencing.stop() },
      { name: 'movers', start: () => this.#movers.start(), stop: () => this.#movers.stop() },
      { name: 'departures', start: () => departures.start(), stop: () => departures.stop() },
      { name: 'sessions', stop: () => this.#sendAway() },
    ];
  }

  /** From here on it says that it takes nothing new. */
  beginStop(): void {
    this.#stopping = true;
    this.#registry.beat();
  }

  /** What the private port does beside health and metrics: drains, and what this gateway holds of a room. */
  routes(): Record<string, OpsRoute> {
    const { id: gateway, address } = this.#report();
    return {
      ...drainRoutes({ own: this.drain, registry: this.#registry, endpoint: this.#endpoint }),
      ...roomRoute((room) => ({
        gateway,
        address,
        hearing: this.#endpoint.hearing,
        ...describeHolding(this.#services, room),
      })),
    };
  }

  open(socket: Socket): SocketListener {
    const session = new Session(socket, this.#services);
    this.#sessions.add(session);
    this.#services.metrics.opened.inc();
    return session;
  }

  readiness(): Readiness {
    const reasons = [];
    if (this.#stopping) reasons.push('it is stopping');
    if (this.drain.draining) reasons.push('it is draining');
    if (!this.#endpoint.hearing) reasons.push('the bus is not heard');
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
  }

  #createServices(): Services {
    const { config, bus, directory, clock, log, random } = this.#options;
    const nodes = new NodeClient(this.#endpoint, clock);
    const metrics = this.#createMetrics();
    return {
      config,
      actionRate: { perSecond: config.actionsPerSecond, burst: config.actionBurst },
      bus,
      clock,
      log,
      nodes,
      sessions: this.#sessions,
      rooms: this.#rooms,
      directory,
      departures: new Departures({ nodes, bus, clock, log }),
      placements: new Placements({ registry: this.#registry, policy: config.placement, clock, random }),
      metrics,
      moveTimes: new MoveTimes(clock, metrics.moveDuration),
      resumeGuard: new ResumeGuard(clock, (scope) => metrics.rateLimited.inc({ scope: resumeScopes[scope] })),
    };
  }

  #createMetrics() {
    const { metrics, bufferedBytes } = this.#options;
    return createGatewayMetrics(metrics, {
      connections: () => this.#sessions.size,
      joined: () => this.#sessions.joined,
      rooms: () => this.#rooms.size,
      bufferedBytes,
    });
  }

  #heed(event: RegistryEvent): void {
    this.#detected(event);
    if (event.type === 'left') this.#movers.look();
    if (event.type !== 'lost') return;
    // Else what was asked of it would hold up whatever its peers ask of their next node.
    this.#endpoint.abandon(event.report.address);
    void this.#fencing.lost(event.report.boot).then(() => this.#movers.look());
  }

  #tell(notice: PeerNotice): void {
    const session = this.#sessions.find(notice);
    if (session) session.hear(notice.event);
    else if (!this.#sessions.hold(notice)) this.#services.metrics.dropped.inc({ reason: 'noSession' });
  }

  #report(): GatewayReport {
    return {
      kind: 'gateway',
      id: this.#options.config.gatewayId,
      boot: this.#boot,
      address: this.address,
      version: this.#options.version,
      sessions: this.#sessions.size,
      draining: this.#stopping || this.drain.draining,
    };
  }

  async #sendAway(): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimer(limit.resolve, leaveLimitMs);
    await Promise.race([this.#sessions.closeAll('goingAway'), limit.promise]);
    timer.cancel();
  }
}

function servedDrain(own: GatewayDrain): Record<string, ServedOperation> {
  const { drain, cancelDrain, drainStatus } = drainServed(own);
  return {
    drain: { params: nodeOperations.drain, run: drain },
    cancelDrain: { params: nodeOperations.cancelDrain, run: cancelDrain },
    drainStatus: { params: nodeOperations.drainStatus, run: drainStatus },
  };
}
