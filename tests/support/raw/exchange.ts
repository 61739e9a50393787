import type {
  Endpoint as EndpointType,
  EndpointOptions,
  MemoryHub,
  MetricsRegistry,
  ServedOperation,
} from '@sluice/shared';
import {
  createBusMetrics,
  createMemoryBus,
  createMemoryHub,
  createMetricsRegistry,
  Endpoint,
  silentLogger,
} from '@sluice/shared';
import { FaultyBus, ManualClock, settle } from '@sluice/shared/testing';

/** A process on a memory hub, with a bus that can be broken and a clock that the test turns. */
export interface Party {
  endpoint: EndpointType;
  bus: FaultyBus;
  metrics: MetricsRegistry;
  address: string;
}

/** Two processes that ask each other. The receiver does whatever the test gives it. */
export class Exchange {
  readonly hub: MemoryHub = createMemoryHub();
  readonly clock = new ManualClock();

  async party(
    name: string,
    operations: Record<string, ServedOperation> = {},
    notices: EndpointOptions['notices'] = {},
  ): Promise<Party> {
    const bus = new FaultyBus(createMemoryBus(this.hub), { seed: 1, clock: this.clock });
    const metrics = createMetricsRegistry({ role: 'node', version: 'test' });
    const address = `node:${name}:boot`;
    const common = { bus, clock: this.clock, log: silentLogger, metrics: createBusMetrics(metrics) };
    const endpoint = new Endpoint({ ...common, inbox: address, operations, notices });
    await endpoint.start();
    await settle();
    return { endpoint, bus, metrics, address };
  }
}

/** The sum of a metric's series that carry these labels. */
export async function valueOf(
  metrics: MetricsRegistry,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get();
  const values = (metric?.values ?? []) as { value: number; labels: Record<string, string | number> }[];
  return values
    .filter((one) => Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
