import type { MetricsRegistry } from '@sluice/shared';
import { buckets, Counter, createDetectionMetric, Gauge, Histogram } from '@sluice/shared';

/** What the gauges ask for when they are scraped. Everything is counted from what is there, so nothing can drift. */
export interface NodeCensus {
  workers: { index: number; cpuSeconds: number; load: number }[];
  loadRatio: number;
  /** Share of the time in which the event loop of the node's own process is busy, 0–1. */
  eventLoopRatio: number;
  rooms: number;
  /** Peers that a drain has still to move; 0 when there is none. */
  draining: number;
  peers: number;
  routers: number;
  transports: number;
  producers: Record<string, number>;
  consumers: Record<string, number>;
  pipes: Record<'worker' | 'node', number>;
  pipeProducers: Record<'worker' | 'node', number>;
  /** Producers that come from another node than their own. */
  relayedProducers: number;
  /** Nodes that the direct way from is dead. */
  avoidedWays: number;
  state: 'starting' | 'up' | 'draining' | 'down';
}

type NewGauge = (name: string, help: string, value: (census: NodeCensus) => number) => void;
type NewLabelled = (
  name: string,
  help: string,
  label: string,
  values: (census: NodeCensus) => Record<string, number>,
) => void;

function createGauges(registry: MetricsRegistry, census: () => NodeCensus): void {
  const registers = [registry];
  const gauge: NewGauge = (name, help, value) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(census()));
      },
    });
  };
  const labelled: NewLabelled = (name, help, label, values) => {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(values(census()))) this.set({ [label]: value }, count);
      },
    });
  };
  createProcessGauges(gauge, labelled);
  createMediaGauges(gauge, labelled);
}

function createProcessGauges(gauge: NewGauge, labelled: NewLabelled): void {
  gauge('sfu_workers', 'Workers that live.', (c) => c.workers.length);
  gauge(
    'sfu_load_ratio',
    'How near the node is to its first bottleneck, 0 to 1: placement looks at it.',
    (c) => c.loadRatio,
  );
  gauge(
    'sfu_event_loop_ratio',
    "Share of time the node process's event loop is busy, 0 to 1.",
    (c) => c.eventLoopRatio,
  );
  gauge('sfu_drain_remaining_participants', 'Peers that a drain has still to move.', (c) => c.draining);
  labelled('sfu_node_state', 'The state of this node: 1 for the one it is in.', 'state', ({ state }) =>
    Object.fromEntries(['starting', 'up', 'draining', 'down'].map((s) => [s, s === state ? 1 : 0])),
  );
  labelled('sfu_worker_load_ratio', "Share of a worker's core in use.", 'worker', ({ workers }) =>
    Object.fromEntries(workers.map(({ index, load }) => [String(index), load])),
  );
  labelled('sfu_worker_cpu_seconds_total', 'CPU time of a worker since it started.', 'worker', ({ workers }) =>
    Object.fromEntries(workers.map(({ index, cpuSeconds }) => [String(index), cpuSeconds])),
  );
}

function createMediaGauges(gauge: NewGauge, labelled: NewLabelled): void {
  gauge('sfu_rooms', 'Rooms that have a slice here.', (c) => c.rooms);
  gauge('sfu_participants', 'Peers whose media is here.', (c) => c.peers);
  gauge('sfu_routers', 'Routers.', (c) => c.routers);
  labelled('sfu_transports', 'Transports by type.', 'type', ({ transports, pipes }) => ({
    webrtc: transports,
    pipe: pipes.node + 2 * pipes.worker,
  }));
  labelled('sfu_producers', 'Producers of the peers here.', 'kind', (c) => c.producers);
  labelled('sfu_consumers', 'Consumers of the peers here.', 'kind', (c) => c.consumers);
  labelled('sfu_pipes', 'Pairs of routers that a pipe joins.', 'scope', (c) => c.pipes);
  labelled('sfu_pipe_producers', 'Producers carried into a router here.', 'scope', (c) => c.pipeProducers);
  gauge('sfu_pipe_relayed_producers', 'Producers that come here by a third node.', (c) => c.relayedProducers);
  gauge('sfu_pipe_avoided_nodes', 'Nodes that media does not reach us from directly.', (c) => c.avoidedWays);
}

export function createNodeMetrics(registry: MetricsRegistry, census: () => NodeCensus) {
  createGauges(registry, oncePerTurn(census));
  const registers = [registry];
  return {
    detected: createDetectionMetric(registry),
    ...createPipeMetrics(registers),
    ...createMoveMetrics(registers),
    ...createDirectoryMetrics(registers),
    ...createTransportMetrics(registers),
    workerDeaths: new Counter({ name: 'sfu_worker_deaths_total', help: 'Workers that died.', registers }),
    workerLines: new Counter({
      name: 'sfu_worker_log_lines_total',
      help: 'Warnings and errors of the workers, also those that were too many for the log.',
      labelNames: ['level'],
      registers,
    }),
    rejected: new Counter({
      name: 'sfu_admission_rejected_total',
      help: 'Peers that were refused.',
      labelNames: ['reason'],
      registers,
    }),
  };
}

function createPipeMetrics(registers: MetricsRegistry[]) {
  return {
    pipeSetup: new Histogram({
      name: 'sfu_pipe_setup_duration_seconds',
      help: 'From asking for a producer to having it in the router.',
      labelNames: ['scope', 'result'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    pipeFailures: new Counter({
      name: 'sfu_pipe_failures_total',
      help: 'Pipes that could not be made.',
      labelNames: ['scope', 'reason'],
      registers,
    }),
    pipeRepairs: new Counter({
      name: 'sfu_pipe_repairs_total',
      help: 'Pipes that carried nothing: pairs made anew, producers taken over a relay, producers or consumers carried again.',
      labelNames: ['kind', 'result'],
      registers,
    }),
  };
}

function createMoveMetrics(registers: MetricsRegistry[]) {
  return {
    moves: new Counter({
      name: 'sfu_moves_total',
      help: 'Peers that were given another place by this node.',
      labelNames: ['reason', 'result'],
      registers,
    }),
    moveDuration: new Histogram({
      name: 'sfu_move_duration_seconds',
      help: 'From the death of a worker until the client of a peer that was on it stands elsewhere.',
      labelNames: ['reason', 'result'],
      buckets: [...buckets.recovery],
      registers,
    }),
    repeatedMoves: new Counter({
      name: 'sfu_move_notices_repeated_total',
      help: 'Notices of moves that were said again, since the client had not answered.',
      registers,
    }),
  };
}

function createDirectoryMetrics(registers: MetricsRegistry[]) {
  return {
    repairs: new Counter({
      name: 'sfu_registry_drift_total',
      help: 'What had to be repaired: gaps filled, rooms read anew, orphans swept.',
      labelNames: ['kind'],
      registers,
    }),
    fences: new Counter({
      name: 'sfu_fences_total',
      help: "Dead nodes' claims on a room that this process took from them.",
      registers,
    }),
    fencedWrites: new Counter({
      name: 'sfu_fenced_writes_total',
      help: 'Writes that the directory refused because this boot was fenced.',
      registers,
    }),
  };
}

function createTransportMetrics(registers: MetricsRegistry[]) {
  return {
    iceSelected: new Counter({
      name: 'sfu_ice_selected_total',
      help: 'Transports that became connected.',
      labelNames: ['protocol'],
      registers,
    }),
    iceDisconnected: new Counter({
      name: 'sfu_ice_disconnected_total',
      help: 'Transports whose client was not heard any more for the time of ICE consent.',
      registers,
    }),
    dtlsFailures: new Counter({ name: 'sfu_dtls_failures_total', help: 'DTLS handshakes that failed.', registers }),
  };
}

/** The same value for all who ask in one turn of the event loop: a scrape collects all the gauges in one. */
function oncePerTurn<T>(take: () => T): () => T {
  let taken: { value: T } | undefined;
  return () => {
    if (!taken) {
      taken = { value: take() };
      setImmediate(() => {
        taken = undefined;
      });
    }
    return taken.value;
  };
}

export type NodeMetrics = ReturnType<typeof createNodeMetrics>;
