import {
  type Bus,
  type Clock,
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  type Directory,
  Lifecycle,
  type MemoryHub,
  MetricsRegistry,
  type RoomId,
  silentLogger,
  systemClock,
} from '@sluice/shared';
import { type GatewayConfig, readGatewayConfig } from '../../../../apps/signaling/src/config.ts';
import { Switchboard } from '../../../../apps/signaling/src/switchboard.ts';
import { eventually } from './eventually.ts';
import { FakeNode } from './fake-node.ts';
import { FakeSocket, type ReceivedFrame } from './fake-socket.ts';
import { FilteredBus } from './filtered-bus.ts';
import { ManualClock } from '@sluice/shared/testing';

export const demo = 'demo' as RoomId;

export interface TestGateway {
  switchboard: Switchboard;
  bus: FilteredBus;
  directory: Directory;
  metrics: MetricsRegistry;
  connect(): FakeSocket;
  /** A connection that has joined; rejects where it was refused. */
  join(fields?: Record<string, unknown>): Promise<JoinedSocket>;
}

export type JoinedSocket = FakeSocket & { joined: ReceivedFrame & { peerId: string; seq: number; epoch: number } };

/** Gateways without ports and nodes without media, on one bus and one directory, in memory. */
export class World implements AsyncDisposable {
  readonly clock: Clock;
  readonly hub: MemoryHub;
  readonly nodes: FakeNode[] = [];
  readonly gateways: TestGateway[] = [];
  readonly #lifecycle = new Lifecycle(silentLogger);

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
    this.hub = createMemoryHub({ clock });
  }

  /** One gateway and one node. */
  static async create(options: { clock?: Clock; settings?: Record<string, string>; nodes?: number } = {}) {
    const world = new World(options.clock);
    for (let index = 0; index < (options.nodes ?? 1); index++) await world.addNode(`node-${index + 1}`);
    await world.addGateway(options.settings);
    return world;
  }

  get node(): FakeNode {
    return this.nodes[0] as FakeNode;
  }

  get gateway(): TestGateway {
    return this.gateways[0] as TestGateway;
  }

  get directory(): Directory {
    return this.node.directory;
  }

  async addNode(id: string): Promise<FakeNode> {
    const { bus, directory } = this.#place();
    const node = new FakeNode({ id, bus, directory, clock: this.clock });
    this.nodes.push(node);
    await this.#lifecycle.start([{ name: id, start: () => node.start(), stop: () => node.stop() }]);
    return node;
  }

  /** @param faulty puts faults between the bus and what the gateway hears. */
  async addGateway(settings: Record<string, string> = {}, faulty = (bus: Bus): Bus => bus): Promise<TestGateway> {
    const config = readGatewayConfig({
      GATEWAY_ID: `gw-${this.gateways.length + 1}`,
      ...this.#defaults(),
      ...settings,
    });
    const gateway = this.#createGateway(config, faulty);
    this.gateways.push(gateway);
    await this.#lifecycle.start(gateway.switchboard.steps());
    const known = this.nodes.length;
    await eventually(async () => {
      // Greetings are sent by a timer without delay.
      if (this.clock instanceof ManualClock) await this.clock.advance(0);
      return gateway.switchboard.registry.nodes().length >= known;
    });
    return gateway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifecycle.stop();
  }

  /** In real time, no test that isn't about deadlines depends on how busy the machine is. */
  #defaults(): Record<string, string> {
    return this.clock instanceof ManualClock ? {} : { ACTION_DEADLINE_MS: '30000' };
  }

  #place(): { bus: Bus; directory: Directory } {
    const bus = createMemoryBus(this.hub);
    return { bus, directory: createMemoryDirectory({ hub: this.hub, bus }) };
  }

  #createGateway(config: GatewayConfig, faulty: (bus: Bus) => Bus): TestGateway {
    const bus = new FilteredBus(faulty(createMemoryBus(this.hub)));
    const metrics = new MetricsRegistry();
    const directory = createMemoryDirectory({ hub: this.hub, bus });
    const switchboard = new Switchboard({
      config,
      version: '0',
      bus,
      directory,
      clock: this.clock,
      log: silentLogger,
      metrics,
      random: seeded(this.gateways.length + 1),
      bufferedBytes: () => 0,
    });
    const connect = () => connectTo(switchboard);
    return { switchboard, bus, directory, metrics, connect, join: (fields) => joinWith(connect(), fields) };
  }
}

/** Numbers without a pattern, the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function connectTo(switchboard: Switchboard): FakeSocket {
  const socket = new FakeSocket();
  socket.listener = switchboard.open(socket);
  return socket;
}

export async function joinWith(socket: FakeSocket, fields: Record<string, unknown> = {}): Promise<JoinedSocket> {
  const joined = await socket.ask({ action: 'join', room: demo, id: 'join', ...fields });
  if (joined.type !== 'joined') throw new Error(`The join was answered ${JSON.stringify(joined)}.`);
  return Object.assign(socket, { joined: joined as JoinedSocket['joined'] });
}
