import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RegistryEvent } from '../cluster/registry.ts';

export { Counter, Gauge, Histogram, Registry as MetricsRegistry };

/**
 * A process's own registry: several nodes and gateways may live in one process, so nothing is global. Labels are closed
 * sets: never a room, a peer, an address or an error's text.
 */
export function createMetricsRegistry(info: { role: 'gateway' | 'node'; version: string; node?: string }): Registry {
  const registry = new Registry();
  new Gauge({
    name: 'sfu_build_info',
    help: 'Always 1: what runs here.',
    labelNames: ['role', 'version', 'node_version', 'node'],
    registers: [registry],
  }).set({ role: info.role, version: info.version, node_version: process.version, node: info.node ?? '' }, 1);
  return registry;
}

/** Memory, CPU, event-loop lag and the rest of the Node process: once a process, on the registry of your choice. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

export const buckets = {
  /** 0.5 ms to 10 s: an action is a millisecond where all is well and two seconds where it is not. */
  request: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  /**
   * Around where losses are noticed: two beats unheard make a fifth of a second, a lease two to two and a half.
   * Beyond 3 s something kept the judge from judging.
   */
  detection: [0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.25, 2.5, 3, 4, 6, 10],
  /** 10 ms to a minute: the bar for people is 1 s, a drain's overlap takes 2 to 10, and 30 is when a peer is given up. */
  recovery: [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 15, 30, 60],
  roomSize: [1, 2, 3, 5, 8, 13, 21, 50, 100, 250, 500, 1000],
  roomSpan: [1, 2, 3, 4, 6, 8],
} as const;

/** Observes how long the losses that a registry tells of took to notice. */
export function createDetectionMetric(registry: Registry): (event: RegistryEvent) => void {
  const detection = new Histogram({
    name: 'sfu_detection_duration_seconds',
    help: "From a process's last sign of life to its being judged dead, by what it was and by what showed it.",
    labelNames: ['role', 'means'],
    buckets: [...buckets.detection],
    registers: [registry],
  });
  return (event) => {
    if (event.type !== 'lost') return;
    detection.observe({ role: event.report.kind, means: event.means }, event.silentMs / 1000);
  };
}

/** What every process on the bus counts. */
export function createBusMetrics(registry: Registry) {
  const registers = [registry];
  return {
    connected: new Gauge({
      name: 'sfu_bus_connected',
      help: 'Whether the bus can be published to and heard: 1 or 0.',
      registers,
    }),
    selfPing: new Gauge({
      name: 'sfu_bus_self_ping_seconds',
      help: "Round trip of the last ping to the process's own inbox.",
      registers,
    }),
    requests: new Histogram({
      name: 'sfu_bus_rpc_duration_seconds',
      help: 'Operations asked of others, from the call to its result.',
      labelNames: ['method', 'result'],
      buckets: [...buckets.request],
      registers,
    }),
    retries: new Counter({
      name: 'sfu_bus_rpc_retries_total',
      help: 'Operations sent a second time, under the same id.',
      labelNames: ['method'],
      registers,
    }),
    noReceiver: new Counter({
      name: 'sfu_bus_no_receiver_total',
      help: 'Messages that nobody heard.',
      labelNames: ['target'],
      registers,
    }),
    dropped: new Counter({
      name: 'sfu_bus_messages_dropped_total',
      help: 'Messages that were received and not used.',
      labelNames: ['reason'],
      registers,
    }),
    reconnects: new Counter({
      name: 'sfu_bus_reconnects_total',
      help: 'Returns of the bus after it was away.',
      registers,
    }),
  };
}
export type BusMetrics = ReturnType<typeof createBusMetrics>;
