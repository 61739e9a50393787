import type { Clock, Endpoint, NodeReport, Owner, Readiness, Registry, Report } from '@sluice/shared';
import { namesakeFault } from '@sluice/shared';
import type { NodeConfig } from './config.ts';
import type { Ways } from './healing/ways.ts';
import type { LoadMeter } from './mediasoup/load-meter.ts';
import type { WorkerPool } from './mediasoup/worker-pool.ts';
import type { NodeCensus } from './metrics.ts';
import type { Drain } from './moving/drain.ts';
import type { PipePorts } from './pipes/pipe-ports.ts';
import type { Slices } from './room/slices.ts';

/** The parts of the node that are reported on. */
export interface ReportOptions {
  readonly owner: Owner;
  readonly state: 'starting' | 'up' | 'down';
  readonly version: string;
  readonly config: NodeConfig;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly pool: WorkerPool;
  readonly load: LoadMeter;
  readonly ports: PipePorts;
  readonly slices: Slices;
  readonly drain: Drain;
  readonly pipeWatch: { readonly ways: Ways };
  /** Why bus and directory can't serve, beside the bus's being away. */
  readonly faults: () => readonly string[];
}

/** What the node says of itself at each heartbeat. */
export function reportOf(node: ReportOptions): NodeReport & Report {
  const { config, endpoint, pool, load, slices, drain, state } = node;
  return {
    kind: 'node',
    id: node.owner.node,
    boot: node.owner.boot,
    address: endpoint.inbox,
    version: node.version,
    region: config.region,
    load: load.ratio,
    workers: pool.workers.length,
    peers: [...slices].reduce((sum, slice) => sum + slice.peers.size, 0),
    draining: drain.draining || state === 'down',
    accepting: whyNotAccepting(node) === undefined,
  };
}

/** Why the node takes no peers at the moment; undefined when it does. */
export function whyNotAccepting({ state, drain, pool, ports }: ReportOptions): string | undefined {
  if (state !== 'up') return 'notUp';
  if (drain.draining) return 'draining';
  if (pool.workers.length === 0) return 'noWorker';
  return ports.spent ? 'outOfPorts' : undefined;
}

export function readinessOf(node: ReportOptions): Readiness {
  const { state, drain, endpoint, pool, registry, clock, config, faults } = node;
  const heard = { now: clock.now(), withinMs: config.leaseMs / 2 };
  const namesake = namesakeFault(registry.nodes(), { kind: 'node', id: node.owner.node, boot: node.owner.boot }, heard);
  const reasons = [
    ...(state === 'up' ? [] : [`the node is ${state}`]),
    ...(drain.draining ? ['the node is draining'] : []),
    ...(endpoint.hearing ? [] : ['the bus is away']),
    ...faults(),
    ...(namesake === undefined ? [] : [namesake]),
    ...(pool.workers.length > 0 ? [] : ['no worker lives']),
  ];
  return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
}

/** Counts what is there now: no counter that could drift from it. */
export function takeCensus(node: ReportOptions): NodeCensus {
  const slices = [...node.slices];
  const peers = slices.flatMap((slice) => [...slice.peers.values()]);
  const ends = slices.flatMap((slice) => [...slice.links.ends]);
  const carriages = slices.flatMap((slice) => [...slice.pipes.carriages]);
  const worker = ends.filter(({ scope }) => scope === 'worker').length;
  const carriedFromNodes = carriages.filter(({ end }) => end.scope === 'node').length;
  return {
    state: node.drain.draining ? 'draining' : node.state,
    workers: node.pool.workers.map(({ index, cpuSeconds, load }) => ({ index, cpuSeconds, load })),
    loadRatio: node.load.ratio,
    eventLoopRatio: node.load.eventLoop,
    rooms: slices.length,
    draining: node.drain.draining ? node.drain.status.remaining : 0,
    peers: peers.length,
    routers: slices.reduce((sum, slice) => sum + slice.routers.length, 0),
    transports: peers.reduce((sum, peer) => sum + peer.transports.size, 0),
    producers: countBy(peers.flatMap((peer) => [...peer.producers.values()].map(({ record }) => record.kind))),
    consumers: countBy(peers.flatMap((peer) => consumerKinds(peer))),
    // Both ends of a pipe within the process are here; of a pipe to another node only ours is.
    pipes: { worker: Math.ceil(worker / 2), node: ends.length - worker },
    relayedProducers: carriages.filter(({ end, relayed }) => relayed && end.scope === 'node').length,
    avoidedWays: node.pipeWatch.ways.avoided,
    pipeProducers: { worker: carriages.length - carriedFromNodes, node: carriedFromNodes },
  };
}

function consumerKinds(peer: {
  consumers: Map<unknown, { consumer: { kind: string } }>;
  dataConsumers: Map<unknown, unknown>;
}) {
  const media = [...peer.consumers.values()].map(({ consumer }) => consumer.kind);
  return [...media, ...Array.from(peer.dataConsumers, () => 'data')];
}

function countBy(kinds: string[]): Record<string, number> {
  const counts: Record<string, number> = { audio: 0, video: 0, data: 0 };
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
