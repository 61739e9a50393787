import { readdirSync } from 'node:fs';
import { ProcessCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { workersOf } from '../bench/measure/processes.ts';
import { readMetric } from '../support/clusters/cluster.ts';
import { ask, freePorts, RedisProcess } from '../support/redis/redis-process.ts';
import { startSentinel, type TestSentinel } from '../support/redis/redis.ts';
import { TcpWay } from '../support/network/tcp-way.ts';

// Every process of every stage ends with this one.
process.setMaxListeners(100);

let stages = 0;

/** Loopback addresses that no other stage has, of this process or another. */
const newNetwork = (): string => `127.${10 + (process.pid % 200)}.${++stages % 250}`;

export type Child = ProcessCluster['nodes'][number];

export interface StageOptions {
  nodes?: number;
  /** The gateways that people use; there is one more, the observer. */
  gateways?: number;
  workers?: number;
  settings?: Record<string, string>;
  /** Redis is a master with a replica and a Sentinel, which processes are told of; they have no ways of their own. */
  sentinel?: boolean;
  /** Of one process. */
  settingsOf?: (name: string) => Record<string, string>;
}

interface Parts {
  redis: RedisProcess;
  sentinel: TestSentinel | undefined;
  cluster: ProcessCluster;
  ways: Map<string, TcpWay>;
  fronts: readonly TcpWay[];
  network: string;
}

/** A cluster of real processes over a real Redis, each with a way of its own to it, and a way to each gateway. */
export class Stage implements AsyncDisposable {
  readonly redis: RedisProcess;
  readonly sentinel: TestSentinel | undefined;
  readonly cluster: ProcessCluster;
  /** To the gateways, for those who take them. */
  readonly fronts: readonly TcpWay[];
  readonly #ways: Map<string, TcpWay>;
  readonly #network: string;

  private constructor({ redis, sentinel, cluster, ways, fronts, network }: Parts) {
    this.redis = redis;
    this.#network = network;
    this.sentinel = sentinel;
    this.fronts = fronts;
    this.cluster = cluster;
    this.#ways = ways;
  }

  /** `onLine` hears what the processes log. */
  static async start(options: StageOptions = {}, onLine?: (name: string, line: string) => void): Promise<Stage> {
    const { nodes = 3, gateways = 2, workers = 2, settings = {} } = options;
    await using undo = new AsyncDisposableStack();
    // Kept on disk: a Redis that is killed comes back with what it knew, unless it is told to forget.
    const sentinel = options.sentinel ? undo.use(await startSentinel()) : undefined;
    const redis = sentinel?.master ?? undo.use(await RedisProcess.start({ args: ['--appendonly', 'yes'] }));
    const names = [...numbered('node', nodes), ...numbered('gateway', gateways + 1)];
    const network = newNetwork();
    const ways = new Map<string, TcpWay>();
    for (const name of names) ways.set(name, undo.use(await TcpWay.to(redis.port)));
    const cluster = undo.use(
      await ProcessCluster.start({
        nodes,
        gateways: gateways + 1,
        workers,
        host: '127.0.0.1',
        port: await freePorts(gateways + 1),
        redisUrl: redis.url,
        ...(onLine && { onLine }),
        settings: { EMPTY_SLICE_MS: '500', PIPE_IDLE_MS: '1000', ...settings },
        settingsOf: (name) => ({
          REDIS_URL: sentinel ? sentinelUrl(sentinel) : `redis://127.0.0.1:${ways.get(name)?.port}`,
          ...pipesOf(name, network),
          ...options.settingsOf?.(name),
        }),
      }),
    );
    const fronts: TcpWay[] = [];
    for (const { up } of cluster.gateways.slice(0, gateways)) fronts.push(undo.use(await TcpWay.to(up.port ?? 0)));
    const all = undo.move();
    const stage = new Stage({ redis, sentinel, cluster, ways, fronts, network });
    stage[Symbol.asyncDispose] = () => all.disposeAsync();
    await stage.ready();
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The sockets of the gateways, this one first; by the ways to them, or past those. */
  socketsFrom(gateway: number, { byFront = false } = {}): string[] {
    const ports = this.gateways.map(({ up }, index) => (byFront ? this.fronts[index]?.port : up.port));
    const urls = ports.map((port) => `ws://127.0.0.1:${port}/ws`);
    return [...urls.slice(gateway), ...urls.slice(0, gateway)];
  }

  get nodes(): readonly Child[] {
    return this.cluster.nodes;
  }

  /** The gateways that people use. */
  get gateways(): readonly Child[] {
    return this.cluster.gateways.slice(0, -1);
  }

  /** A gateway without clients. It follows no room: its answer to a join is read from Redis. */
  get observer(): Child {
    const observer = this.cluster.gateways.at(-1);
    if (!observer) throw new Error('A stage has an observer.');
    return observer;
  }

  get processes(): readonly Child[] {
    return [...this.nodes, ...this.cluster.gateways];
  }

  /** Where the pipes of a node end: an address of its own, so that the network between two nodes can be cut. */
  pipeAddress(node: number): string {
    return pipeAddress(this.#network, node);
  }

  way(name: string): TcpWay {
    const way = this.#ways.get(name);
    if (!way) throw new Error(`There is no ${name}.`);
    return way;
  }

  get ways(): readonly TcpWay[] {
    return [...this.#ways.values()];
  }

  /** The whole of a node, or its own process without its workers. */
  signal(node: Child, signal: NodeJS.Signals, { workers = true } = {}): void {
    const pids = workers ? workersOf(node.pid) : [];
    for (const pid of [node.pid, ...pids]) process.kill(pid, signal);
  }

  /** Everything is as it was: processes run, Redis answers, ways are open. */
  async heal(): Promise<void> {
    if (!this.sentinel) await this.#healRedis();
    for (const way of [...this.ways, ...this.fronts]) way.heal();
    const revive = async (children: readonly Child[], start: (index: number) => Promise<unknown>): Promise<void> => {
      await Promise.all(children.map(async (child, index) => (isGone(child) ? start(index) : thaw(child))));
    };
    await revive(this.cluster.nodes, (index) => this.cluster.startNode(index));
    await revive(this.cluster.gateways, (index) => this.cluster.startGateway(index));
    await this.ready();
  }

  async #healRedis(): Promise<void> {
    await this.redis.resume();
    const answers = () => ask(this.redis.port, 'PING');
    await eventually('Redis', answers, { withinMs: 2000 }).catch(() => this.redis.restart());
  }

  async ready(): Promise<void> {
    await Promise.all(
      this.processes.map(({ name, up }) =>
        eventually(`${name} to be ready`, async () => (await fetch(`${opsUrl(up.opsPort)}/readyz`)).ok, {
          withinMs: 30_000,
          everyMs: 50,
        }),
      ),
    );
  }

  metric(child: Child, name: string, labels: Record<string, string> = {}): Promise<number> {
    return readMetric(opsUrl(child.up.opsPort), name, labels);
  }
}

const sentinelUrl = ({ sentinels, name }: TestSentinel): string =>
  `redis+sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${name}`;

const numbered = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${kind}-${at + 1}`);
export const opsUrl = (port: number): string => `http://127.0.0.1:${port}`;

const pipeAddress = (network: string, node: number): string => `${network}.${node + 1}`;

function pipesOf(name: string, network: string): Record<string, string> {
  const [kind, number] = name.split('-');
  if (kind !== 'node') return {};
  const address = pipeAddress(network, Number(number) - 1);
  return { PIPE_LISTEN_IP: address, PIPE_ANNOUNCED_ADDRESS: address };
}

function isGone({ pid }: Child): boolean {
  try {
    // A process that has ended and was waited for has no files any more.
    return readdirSync(`/proc/${pid}/task`).length === 0;
  } catch {
    return true;
  }
}

function thaw({ pid }: Child): void {
  for (const one of [pid, ...workersOf(pid)]) process.kill(one, 'SIGCONT');
}
