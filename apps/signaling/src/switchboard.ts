import type { BootId, Bus, Clock, Directory, GatewayReport, Logger, MetricsRegistry } from '@sluice/shared';
import {
  channels,
  drainRoutes,
  namesakeFault,
  newBootId,
  type OpsRoute,
  type PeerNotice,
  type Readiness,
  type Registry,
  roomRoute,
  type Step,
} from '@sluice/shared';
import { Dispatcher, type Handlers } from './actions/dispatch.ts';
import { Entrance } from './actions/entrance.ts';
import { createJoin } from './actions/join.ts';
import { createLeave } from './actions/leave.ts';
import { ResumeGuard } from './actions/resuming/resume-guard.ts';
import { createResume } from './actions/resuming/resume.ts';
import { seatedHandlers } from './actions/table.ts';
import type { GatewayConfig } from './config.ts';
import { Coordination } from './coordination.ts';
import { GatewayDrain, servedDrain } from './drain.ts';
import { createGatewayMetrics, type GatewayMetrics } from './metrics.ts';
import { Movers } from './moving/movers.ts';
import { Farewells } from './nodes/farewells.ts';
import { NodeClient } from './nodes/node-client.ts';
import { Placements } from './nodes/placements.ts';
import { RouterCapabilities } from './nodes/router-capabilities.ts';
import type { FollowedRooms } from './rooms/followed-rooms.ts';
import { describeHolding } from './room-holding.ts';
import { LineBudget } from './session/action-line.ts';
import { Seats } from './session/seats.ts';
import { Session, type SessionServices } from './session/session.ts';
import { Sessions } from './session/sessions.ts';
import type { Refusal } from './socket/admission.ts';
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
  /** Why bus and directory can't serve, beside the bus's being away. */
  faults?: (() => readonly string[]) | undefined;
}

/** As the metrics name them. */
const resumeScopes = { peer: 'resumePeer', address: 'resumeAddress' } as const;

/** How long a stopping gateway waits for its peers' leaves to be heard, in ms. */
const leaveLimitMs = 2000;

/**
 * A gateway without its ports: sessions on one side, the bus on the other. It owns no room and no media; everything
 * that it knows of a room it can read again. Here its parts are put together, and each is given what it needs.
 */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #boot: BootId = newBootId();
  readonly #metrics: GatewayMetrics;
  readonly #coordination: Coordination;
  readonly #nodes: NodeClient;
  readonly #farewells: Farewells;
  readonly #placements: Placements;
  readonly #movers: Movers;
  readonly #sessionServices: SessionServices;
  readonly sessions = new Sessions<Session>();
  readonly seats: Seats;
  readonly drain: GatewayDrain;
  #stopping = false;

  constructor(options: SwitchboardOptions) {
    const { config, clock, log, random } = options;
    this.#options = options;
    this.#metrics = this.#createMetrics();
    this.#coordination = this.#createCoordination();
    const { endpoint, registry, rooms } = this.#coordination;
    this.#nodes = new NodeClient(endpoint, clock, log);
    this.#farewells = this.#createFarewells();
    this.#placements = new Placements({ registry, policy: config.placement, clock, random });
    this.seats = new Seats({ rooms, nodes: this.#nodes, clock, metrics: this.#metrics });
    this.drain = this.#createDrain();
    this.#movers = this.#createMovers();
    this.#sessionServices = this.#createSessionServices();
  }

  /** This gateway's inbox on the bus. */
  get address(): string {
    return this.#coordination.endpoint.inbox;
  }

  get rooms(): FollowedRooms {
    return this.#coordination.rooms;
  }

  get registry(): Registry {
    return this.#coordination.registry;
  }

  /** What starts and stops, in order. The last one to start, and so the first to stop, is the sessions. */
  steps(): Step[] {
    const [movers, farewells] = [this.#movers, this.#farewells];
    return [
      ...this.#coordination.steps(),
      { name: 'movers', start: () => movers.start(), stop: () => movers.stop() },
      { name: 'farewells', start: () => farewells.start(), stop: () => farewells.stop() },
      { name: 'sessions', stop: () => this.#sendAway() },
    ];
  }

  /** From here on it says that it takes nothing new. */
  beginStop(): void {
    this.#stopping = true;
    this.registry.beat();
  }

  /** What the private port does beside health and metrics: drains, and what this gateway holds of a room. */
  routes(): Record<string, OpsRoute> {
    const { registry, endpoint } = this.#coordination;
    const { id: gateway, address } = this.#report();
    return {
      ...drainRoutes({ own: this.drain, registry, endpoint }),
      ...roomRoute((room) => ({ gateway, address, hearing: endpoint.hearing, ...describeHolding(this, room) })),
    };
  }

  open(socket: Socket): SocketListener {
    const session = new Session(socket, this.#sessionServices);
    this.sessions.add(session);
    this.#metrics.opened.inc();
    return session;
  }

  /** A connection was refused before it was one. */
  refused(reason: Refusal): void {
    this.#metrics.refused.inc({ reason });
  }

  readiness(): Readiness {
    const reasons: string[] = [];
    if (this.#stopping) reasons.push('it is stopping');
    if (this.drain.draining) reasons.push('it is draining');
    if (!this.#coordination.endpoint.hearing) reasons.push('the bus is not heard');
    reasons.push(...(this.#options.faults?.() ?? []));
    const { clock, config } = this.#options;
    const heard = { now: clock.now(), withinMs: config.leaseMs / 2 };
    const namesake = namesakeFault(this.registry.gateways(), this.#report(), heard);
    if (namesake !== undefined) reasons.push(namesake);
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
  }

  #createMetrics(): GatewayMetrics {
    const { metrics, bufferedBytes } = this.#options;
    return createGatewayMetrics(metrics, {
      connections: () => this.sessions.size,
      joined: () => this.seats.size,
      rooms: () => this.rooms.size,
      bufferedBytes,
    });
  }

  #createCoordination(): Coordination {
    const { config, bus, directory, clock, log, metrics } = this.#options;
    return new Coordination({
      inbox: channels.gateway(config.gatewayId, this.#boot),
      leaseMs: config.leaseMs,
      bus,
      directory,
      clock,
      log,
      registry: metrics,
      metrics: this.#metrics,
      operations: servedDrain(() => this.drain),
      report: () => this.#report(),
      onNotice: (notice) => this.#tell(notice),
      onNodeGone: () => this.#movers.look(),
      nodesInUse: () => this.seats.nodes(),
    });
  }

  #createFarewells(): Farewells {
    const { bus, clock, log } = this.#options;
    const onDropped = () => this.#metrics.dropped.inc({ reason: 'farewell' });
    return new Farewells({ nodes: this.#nodes, bus, clock, log, onDropped });
  }

  #createDrain(): GatewayDrain {
    const { config, clock, random } = this.#options;
    const onChange = () => this.registry.beat();
    return new GatewayDrain({ seats: this.seats, clock, random, defaultSpreadMs: config.drainSpreadMs, onChange });
  }

  #createMovers(): Movers {
    const { bus, clock, log, config } = this.#options;
    return new Movers({
      bus,
      clock,
      log,
      region: config.region,
      registry: this.registry,
      seats: this.seats,
      nodes: this.#nodes,
      farewells: this.#farewells,
      placements: this.#placements,
      metrics: this.#metrics,
    });
  }

  #createSessionServices(): SessionServices {
    const { config, clock, log } = this.#options;
    const [metrics, nodes] = [this.#metrics, this.#nodes];
    const { actionDeadlineMs } = config;
    const dispatcher = new Dispatcher({
      handlers: this.#createHandlers(),
      entrance: new Entrance(clock),
      nodes,
      clock,
      log,
      metrics,
      actionDeadlineMs,
    });
    return {
      actionRate: { perSecond: config.actionsPerSecond, burst: config.actionBurst },
      unjoinedMs: config.unjoinedMs,
      lineBudget: new LineBudget(config.maxWaitingBytes),
      clock,
      log,
      metrics,
      perform: (text, receivedAt, session) => dispatcher.perform(text, receivedAt, session),
      joined: (seat) => this.drain.joined(seat),
      depart: (seat, how) =>
        how === 'lost' ? this.#farewells.detach(seat.at()) : this.#farewells.leave(seat.at(), 'disconnected'),
      gone: (session) => this.sessions.delete(session),
    };
  }

  #createHandlers(): Handlers {
    const { config, bus, clock } = this.#options;
    const metrics = this.#metrics;
    const resumeGuard = new ResumeGuard(clock, (scope) => metrics.rateLimited.inc({ scope: resumeScopes[scope] }));
    const { seats, rooms } = this;
    const [nodes, farewells, placements] = [this.#nodes, this.#farewells, this.#placements];
    const capabilities = new RouterCapabilities();
    const services = {
      ...{ config, bus, clock, metrics, nodes, farewells, placements },
      ...{ capabilities, resumeGuard, rooms, seats },
    };
    return {
      entries: { join: createJoin(services), resume: createResume(services) },
      seated: { ...seatedHandlers, leave: createLeave(farewells) },
    };
  }

  #tell(notice: PeerNotice): void {
    const { room, sessions, event } = notice;
    for (const session of sessions) {
      const seat = this.seats.find(room, session);
      if (seat) seat.hear(event);
      else if (!this.seats.hold(session, event)) this.#metrics.dropped.inc({ reason: 'noSession' });
    }
  }

  #report(): GatewayReport {
    return {
      kind: 'gateway',
      id: this.#options.config.gatewayId,
      boot: this.#boot,
      address: this.address,
      version: this.#options.version,
      sessions: this.sessions.size,
      draining: this.#stopping || this.drain.draining,
    };
  }

  async #sendAway(): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimer(limit.resolve, leaveLimitMs);
    await Promise.race([this.sessions.closeAll('goingAway'), limit.promise]);
    timer.cancel();
  }
}
