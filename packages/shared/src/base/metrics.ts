import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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
