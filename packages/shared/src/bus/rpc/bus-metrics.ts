import { buckets, Counter, Gauge, Histogram, type MetricsRegistry } from '../../base/metrics.ts';

/** The metrics of every process on the bus. */
export function createBusMetrics(registry: MetricsRegistry) {
  const registers = [registry];
  return { ...connectionMetrics(registers), ...callMetrics(registers) };
}
export type BusMetrics = ReturnType<typeof createBusMetrics>;

function connectionMetrics(registers: MetricsRegistry[]) {
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
    reconnects: new Counter({
      name: 'sfu_bus_reconnects_total',
      help: 'Returns of the bus after it was away.',
      registers,
    }),
    dropped: new Counter({
      name: 'sfu_bus_messages_dropped_total',
      help: 'Messages that were received and not used.',
      labelNames: ['reason'],
      registers,
    }),
  };
}

function callMetrics(registers: MetricsRegistry[]) {
  return {
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
      help: 'Messages without a subscriber.',
      labelNames: ['target'],
      registers,
    }),
  };
}
