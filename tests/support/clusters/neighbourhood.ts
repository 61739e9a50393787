import type {
  BootId,
  GatewayId,
  MemoryHub,
  NodeId,
  NodeReport,
  Registry as RegistryType,
  RegistryEvent,
} from '@sluice/shared';
import { createMemoryBus, createMemoryHub, Registry } from '@sluice/shared';
import { FaultyBus, ManualClock, settle } from '@sluice/shared/testing';

export function nodeReport(id: string, more: Partial<NodeReport> = {}): NodeReport {
  return {
    kind: 'node',
    id: id as NodeId,
    boot: `${id}-boot` as BootId,
    address: `node:${id}:${id}-boot`,
    version: '1',
    region: 'default',
    load: 0,
    workers: 1,
    peers: 0,
    draining: false,
    accepting: true,
    ...more,
  };
}

/** A process with a registry: on a bus of its own, with a clock of its own. */
export interface Process {
  registry: RegistryType;
  clock: ManualClock;
  bus: FaultyBus;
  events: string[];
  heard: RegistryEvent[];
  /** Messages on the registry's channel that were no heartbeats. */
  garbage: number;
}

export class Neighbourhood {
  readonly hub: MemoryHub = createMemoryHub();
  readonly #clocks: ManualClock[] = [];

  node(id: string, boot: string | (() => string) = `${id}-boot`): Promise<Process> {
    return this.#start(() => {
      const now = (typeof boot === 'string' ? boot : boot()) as BootId;
      return nodeReport(id, { boot: now, address: `node:${id}:${now}` });
    });
  }

  gateway(id: string): Promise<Process> {
    const common = { boot: `${id}-boot` as BootId, address: `gateway:${id}`, version: '1', draining: false };
    return this.#start(() => ({ kind: 'gateway', id: id as GatewayId, sessions: 0, ...common }));
  }

  /** Time passes for everyone, a little at a time so that they hear each other. */
  async pass(ms: number, ...but: Process[]): Promise<void> {
    const stopped = but.map(({ clock }) => clock);
    for (let passed = 0; passed < ms; passed += 100) {
      for (const clock of this.#clocks) if (!stopped.includes(clock)) await clock.advance(100);
    }
  }

  async #start(report: ConstructorParameters<typeof Registry>[0]['report'] & object): Promise<Process> {
    const clock = new ManualClock();
    const bus = new FaultyBus(createMemoryBus(this.hub), { seed: 1, clock });
    const events: string[] = [];
    const heard: RegistryEvent[] = [];
    const onEvent = (event: RegistryEvent) => {
      heard.push(event);
      events.push(`${event.type} ${event.report.id}`);
    };
    const onGarbage = () => void process.garbage++;
    const registry = new Registry({ bus, clock, report, onEvent, onGarbage });
    const process: Process = { registry, clock, bus, events, heard, garbage: 0 };
    await registry.start();
    await settle();
    this.#clocks.push(clock);
    return process;
  }
}

export const namesOf = ({ registry }: Process): string[] =>
  [...registry.nodes(), ...registry.gateways()].map(({ report }) => report.id).sort();
