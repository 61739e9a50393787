import type { RedisAddress } from '../../../packages/shared/src/redis/redis-target.ts';
import { eventually } from '../../../packages/shared/testing/index.ts';
import { ask, freePort, RedisProcess } from './redis-process.ts';

/** A real Redis for a test, and what may befall it. Without persistence: a killed one comes back empty. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Frozen: connections stand, nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  /** Kills it where it runs; resolves when it answers on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

let said = false;

/**
 * In a container where a Docker engine answers, else a redis-server of this machine, as also where
 * `SLUICE_TEST_REDIS=process` asks for one: it starts in a tenth of the time.
 */
export async function startRedis(): Promise<TestRedis> {
  const { containersAvailable, RedisContainer } = await import('./redis-container.ts');
  const container = process.env['SLUICE_TEST_REDIS'] !== 'process' && (await containersAvailable());
  if (!said) process.stdout.write(`Redis for these tests: ${container ? 'a container' : 'a redis-server process'}.\n`);
  said = true;
  return container ? RedisContainer.start() : RedisProcess.start();
}

const address = ({ port }: RedisProcess): RedisAddress => ({ host: '127.0.0.1', port });

async function stopAll(servers: readonly RedisProcess[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

export interface TestRedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisAddress[];
  readonly servers: readonly RedisProcess[];
  /** Resolves when every server says that the whole cluster is well. */
  settled(): Promise<void>;
}

const slots = 16_384;

/** Three masters, each with a third of the slots. Processes: a Cluster tells its own addresses to clients. */
export async function startRedisCluster(): Promise<TestRedisCluster> {
  const servers = await Promise.all([0, 1, 2].map(() => startClusterNode()));
  const [first] = servers;
  if (!first) throw new Error('Three servers were started.');
  for (const [index, server] of servers.entries()) {
    const from = Math.ceil((index * slots) / servers.length);
    const to = Math.ceil(((index + 1) * slots) / servers.length) - 1;
    await ask(server.port, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await ask(server.port, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
    await ask(server.port, 'CLUSTER', 'MEET', '127.0.0.1', first.port, first.clusterPort);
  }
  const settled = async (): Promise<void> => {
    for (const server of servers)
      await eventually('the Redis Cluster to be well', () => isWell(server), { withinMs: 15_000 });
  };
  await settled();
  return { nodes: servers.map(address), servers, settled, [Symbol.asyncDispose]: () => stopAll(servers) };
}

async function startClusterNode(): Promise<RedisProcess> {
  const clusterPort = await freePort();
  const args = ['--cluster-enabled', 'yes', '--cluster-port', `${clusterPort}`, '--cluster-node-timeout', '2000'];
  return RedisProcess.start({ args, clusterPort });
}

async function isWell(server: RedisProcess): Promise<boolean> {
  const info = String(await ask(server.port, 'CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3') && info.includes('cluster_size:3');
}

export interface TestSentinel extends AsyncDisposable {
  readonly sentinels: readonly RedisAddress[];
  readonly name: string;
  readonly master: RedisProcess;
  /** Makes the replica the master; resolves when the Sentinel names it. */
  failOver(): Promise<void>;
}

/** A master, its replica, and a Sentinel that alone may decide. */
export async function startSentinel(): Promise<TestSentinel> {
  const name = 'sluice';
  // Without this the master waits five seconds for more replicas to come.
  const master = await RedisProcess.start({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await RedisProcess.start({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
  await eventually('the replica to follow', async () => String(await ask(replica.port, 'ROLE')).includes('connected'));
  const sentinel = await RedisProcess.start({ config: sentinelConfig(name, master.port) });
  await eventually('the Sentinel to know the replica', async () =>
    String(await ask(sentinel.port, 'SENTINEL', 'REPLICAS', name)).includes(`:${replica.port}`),
  );
  const failOver = async (): Promise<void> => {
    // Refused until the Sentinel has looked at the replica, which it does now and then.
    await eventually('the fail-over to begin', () => ask(sentinel.port, 'SENTINEL', 'FAILOVER', name), {
      withinMs: 15_000,
    });
    await eventually('the Sentinel to name the replica', async () => {
      return String(await ask(sentinel.port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)).endsWith(`,${replica.port}`);
    });
  };
  const servers = [sentinel, replica, master];
  return { sentinels: [address(sentinel)], name, master, failOver, [Symbol.asyncDispose]: () => stopAll(servers) };
}

function sentinelConfig(name: string, masterPort: number): string {
  return [
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 5000`,
  ].join('\n');
}
