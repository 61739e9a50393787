import { MediaNode, readNodeConfig, version } from '@sluice/media-node';
import type { Bus, Clock, Directory, Logger, RedisSettings } from '@sluice/shared';
import {
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  openRedisCoordination,
  silentLogger,
  systemClock,
} from '@sluice/shared';
import { type Gateway, readGatewayConfig, startGateway } from '@sluice/signaling';
import { buildPage } from '@sluice/web';
import { pageUrls } from './reachable.ts';
import { localGatewayEnvironment, localNodeEnvironment, type Shape } from './environment.ts';

export interface LocalClusterOptions extends Shape {
  nodes: number;
  gateways: number;
  /** A real Redis; without one the cluster keeps its bus and directory in memory. */
  redisUrl?: string | undefined;
  /** Further settings of every node and gateway, by their environment names. */
  settings?: Record<string, string>;
  /** Further settings of each node, by its number from 0. */
  nodeSettings?: (index: number) => Record<string, string>;
  log?: Logger;
  clock?: Clock;
}

interface Coordination {
  bus: Bus;
  directory: Directory;
  faults?(): readonly string[];
  close(): Promise<void>;
}

/** A whole cluster in one process: every gateway and node on a bus of its own, as if they were alone. */
export class LocalCluster implements AsyncDisposable {
  readonly gateways: Gateway[] = [];
  readonly nodes: MediaNode[] = [];
  readonly #options: LocalClusterOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #hub = createMemoryHub();
  readonly #coordinations: Coordination[] = [];

  private constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
  }

  /** Rejects, with nothing left running, when a part does not start. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = new LocalCluster(options);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get url(): string {
    return this.urlOf(0);
  }

  urlOf(gateway: number): string {
    return this.urlsOf(gateway)[0] ?? '';
  }

  /** By every address that the gateway listens on. */
  urlsOf(gateway: number): string[] {
    return pageUrls(this.#options.host, this.gateways[gateway]?.port ?? this.#options.port);
  }

  async stop(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.#coordinations.map((coordination) => coordination.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    const { nodes, gateways } = this.#options;
    const page = await buildPage();
    await Promise.all(Array.from({ length: nodes }, (_, index) => this.#startNode(index)));
    for (let index = 0; index < gateways; index++) {
      const config = readGatewayConfig(this.#gatewayEnvironment(index));
      const coordination = this.#coordinate(config);
      const common = { clock: this.#clock, log: this.#log };
      this.gateways.push(await startGateway({ config, page, ...common, ...coordination }));
    }
  }

  async #startNode(index: number): Promise<void> {
    const config = readNodeConfig(this.#nodeEnvironment(index));
    const node = new MediaNode({
      config,
      version,
      clock: this.#clock,
      log: this.#log,
      ...this.#coordinate(config),
    });
    this.nodes[index] = node;
    await node.start();
  }

  #coordinate(config: RedisSettings): Coordination {
    const { redisUrl } = this.#options;
    const coordination = redisUrl === undefined ? this.#inMemory() : openRedisCoordination(config, { log: this.#log });
    this.#coordinations.push(coordination);
    return coordination;
  }

  #inMemory(): Coordination {
    const bus = createMemoryBus(this.#hub, { log: this.#log });
    const directory = createMemoryDirectory({ hub: this.#hub, bus, log: this.#log });
    return { bus, directory, close: () => bus.close() };
  }

  #nodeEnvironment(index: number): Record<string, string | undefined> {
    const { settings, nodeSettings, redisUrl: REDIS_URL } = this.#options;
    return { ...localNodeEnvironment(index, this.#options), REDIS_URL, ...settings, ...nodeSettings?.(index) };
  }

  #gatewayEnvironment(index: number): Record<string, string | undefined> {
    const { settings, redisUrl: REDIS_URL } = this.#options;
    return { ...localGatewayEnvironment(index, this.#options), REDIS_URL, ...settings };
  }
}
