import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { pageUrls } from './reachable.ts';
import { localGatewayEnvironment, localNodeEnvironment, type Shape } from './environment.ts';

export interface ProcessClusterOptions extends Shape {
  nodes: number;
  gateways: number;
  redisUrl: string;
  /** Further settings of every process, by their environment names. */
  settings?: Record<string, string>;
  /** Of one process, by its name: `node-1`, `gateway-2`. */
  settingsOf?: (name: string) => Record<string, string>;
  onLine?: (name: string, line: string) => void;
}

const script = (app: string) => fileURLToPath(new URL(`../../${app}/src/main.ts`, import.meta.url));

/** A cluster of real processes on a real Redis, each to be killed, frozen and started again on its own. */
export class ProcessCluster implements AsyncDisposable {
  readonly nodes: Child[] = [];
  readonly gateways: Child[] = [];
  readonly #options: ProcessClusterOptions;

  private constructor(options: ProcessClusterOptions) {
    this.#options = options;
  }

  /** Rejects, with nothing left running, when a process does not come up. */
  static async start(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const cluster = new ProcessCluster(options);
    try {
      await Promise.all([
        ...Array.from({ length: options.nodes }, (_, index) => cluster.startNode(index)),
        ...Array.from({ length: options.gateways }, (_, index) => cluster.startGateway(index)),
      ]);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  urlOf(gateway: number): string {
    return this.urlsOf(gateway)[0] ?? '';
  }

  /** By every address that the gateway listens on. */
  urlsOf(gateway: number): string[] {
    return pageUrls(this.#options.host, this.gateways[gateway]?.up.port ?? 0);
  }

  /** Starts a node in this place: the first time, or again after the last one there has ended. */
  async startNode(index: number): Promise<Child> {
    const child = await this.#start(
      `node-${index + 1}`,
      script('media-node'),
      localNodeEnvironment(index, this.#options),
    );
    this.nodes[index] = child;
    return child;
  }

  async startGateway(index: number): Promise<Child> {
    const environment = localGatewayEnvironment(index, this.#options);
    const child = await this.#start(`gateway-${index + 1}`, script('signaling'), environment);
    this.gateways[index] = child;
    return child;
  }

  /** Resolves to the exit codes by name. */
  async stop(): Promise<Record<string, number>> {
    const stopAll = async (children: Child[]) => {
      const codes = await Promise.all(children.filter(Boolean).map(async (child) => [child.name, await child.stop()]));
      return codes as [string, number][];
    };
    const gateways = await stopAll(this.gateways);
    return Object.fromEntries([...gateways, ...(await stopAll(this.nodes))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #start(name: string, file: string, environment: Record<string, string | undefined>): Promise<Child> {
    const { redisUrl, settings, settingsOf, onLine } = this.#options;
    return Child.start({
      name,
      script: file,
      environment: { ...environment, REDIS_URL: redisUrl, ...settings, ...settingsOf?.(name) },
      ...(onLine && { onLine }),
    });
  }
}
