import type { Bus, Clock, Directory, Logger, MetricsRegistry, PeerNotice, Report, Step } from '@sluice/shared';
import {
  Beats,
  createBusMetrics,
  createDetectionMetric,
  Endpoint,
  FeedVerifier,
  peerNotice,
  type SpeakersNotice,
  speakersNotice,
  Registry,
  type RegistryEvent,
  type ServedOperation,
} from '@sluice/shared';
import type { GatewayMetrics } from './metrics.ts';
import { Fencing } from './rooms/fencing.ts';
import { FollowedRooms } from './rooms/followed-rooms.ts';

export interface CoordinationOptions {
  inbox: string;
  leaseMs: number;
  bus: Bus;
  directory: Directory;
  clock: Clock;
  log: Logger;
  registry: MetricsRegistry;
  metrics: Pick<GatewayMetrics, 'repairs' | 'fences' | 'reaps'>;
  operations: Record<string, ServedOperation>;
  /** What this gateway says of itself. */
  report: () => Report;
  /** A node says something of a peer. */
  onNotice: (notice: PeerNotice) => void;
  /** A node has gone, or is lost and fenced: its peers have to move. */
  onNodeGone: () => void;
  /** The inboxes of the nodes that this gateway depends on. */
  nodesInUse: () => Iterable<string>;
}

/** A gateway's part in the cluster: its inbox, which nodes live, the rooms that it follows, and the upkeep of those. */
export class Coordination {
  readonly #options: CoordinationOptions;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly rooms: FollowedRooms;
  readonly #verifier: FeedVerifier;
  readonly #fencing: Fencing;
  readonly #beats: Beats;
  readonly #detected: (event: RegistryEvent) => void;

  constructor(options: CoordinationOptions) {
    const { bus, clock, log, registry, leaseMs, nodesInUse } = options;
    this.#options = options;
    const metrics = createBusMetrics(registry);
    const onGarbage = () => metrics.dropped.inc({ reason: 'garbage' });
    this.#detected = createDetectionMetric(registry);
    this.endpoint = this.#createEndpoint(metrics);
    this.registry = this.#createRegistry(onGarbage);
    this.rooms = this.#createRooms(onGarbage);
    this.#verifier = new FeedVerifier({ feeds: () => this.rooms.rooms(), bus, clock, log });
    this.#fencing = this.#createFencing();
    const onSilent = (address: string, heardAt: number | undefined) => this.registry.lose(address, heardAt);
    this.#beats = new Beats({ bus, clock, leaseMs, targets: nodesInUse, onSilent });
  }

  /** What starts and stops, in order. */
  steps(): Step[] {
    const { endpoint, registry } = this;
    const [verifier, beats, fencing] = [this.#verifier, this.#beats, this.#fencing];
    return [
      { name: 'endpoint', waits: true, start: () => endpoint.start(), stop: () => endpoint.close() },
      { name: 'registry', waits: true, start: () => registry.start(), stop: () => registry.stop() },
      { name: 'feed verifier', start: () => verifier.start(), stop: () => verifier.stop() },
      { name: 'beats', start: () => beats.start(), stop: () => beats.stop() },
      { name: 'fencing', start: () => fencing.start(), stop: () => fencing.stop() },
    ];
  }

  #createEndpoint(metrics: ReturnType<typeof createBusMetrics>): Endpoint {
    const { bus, clock, log, inbox, operations, onNotice } = this.#options;
    const notices = {
      peerEvent: { body: peerNotice, handle: (notice: PeerNotice) => onNotice(notice) },
      speakers: {
        body: speakersNotice,
        handle: ({ room, boot, speakers }: SpeakersNotice) => this.rooms.get(room)?.hearSpeakers(boot, speakers),
      },
    };
    return new Endpoint({ bus, clock, log, metrics, inbox, operations, notices });
  }

  #createRegistry(onGarbage: () => void): Registry {
    const { bus, clock, leaseMs, report } = this.#options;
    const onEvent = (event: RegistryEvent) => this.#heed(event);
    return new Registry({ bus, clock, leaseMs, report, onGarbage, onEvent });
  }

  #createRooms(onGarbage: () => void): FollowedRooms {
    const { directory, clock, log, metrics } = this.#options;
    const settling = () => this.#verifier.settling;
    const onRepair = (kind: 'gap' | 'resync') => metrics.repairs.inc({ kind });
    return new FollowedRooms({ directory, clock, log, settling, onRepair, onGarbage });
  }

  #createFencing(): Fencing {
    const { directory, bus, clock, log, leaseMs, metrics, onNodeGone: onDone } = this.#options;
    const { rooms, registry } = this;
    const onFenced = () => metrics.fences.inc();
    const onReaped = () => metrics.reaps.inc();
    return new Fencing({ rooms, registry, leaseMs, directory, bus, clock, log, onFenced, onReaped, onDone });
  }

  #heed(event: RegistryEvent): void {
    this.#detected(event);
    const { onNodeGone } = this.#options;
    if (event.type === 'left') onNodeGone();
    if (event.type !== 'lost') return;
    // Calls still pending on a dead node would block the sessions that move off it.
    this.endpoint.abandon(event.report.address);
    this.#fencing.lost(event.report.boot);
  }
}
