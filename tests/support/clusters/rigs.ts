import { createMemoryBus, createMemoryHub } from '../../../packages/shared/src/bus/memory-bus.ts';
import { createRedisBus } from '../../../packages/shared/src/bus/redis-bus.ts';
import { createMemoryDirectory } from '../../../packages/shared/src/directory/memory-directory.ts';
import { createRedisDirectory } from '../../../packages/shared/src/directory/redis-directory.ts';
import { connectRedis } from '../../../packages/shared/src/redis/redis-commands.ts';
import { readRedisTarget, type RedisTarget } from '../../../packages/shared/src/redis/redis-target.ts';
import { eventually } from '../../../packages/shared/testing/index.ts';
import type { Member, Rig } from '../../../packages/shared/testing/rig.ts';
import { startRedis, startRedisCluster } from '../redis/redis.ts';

/** A memory hub that several processes of a test share. */
export async function memoryRig(): Promise<Rig> {
  const hub = createMemoryHub();
  return {
    counts: true,
    async open(limits = {}) {
      const bus = createMemoryBus(hub);
      const directory = createMemoryDirectory({ hub, bus, limits });
      return { bus, directory, [Symbol.asyncDispose]: () => bus.close() };
    },
    outage: { begin: async () => hub.setAway(true), end: async () => hub.setAway(false) },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A process's bus and directory over a Redis; resolves when it is connected. */
export async function openMember(target: RedisTarget, limits: Parameters<Rig['open']>[0] = {}): Promise<Member> {
  const commands = connectRedis(target);
  const bus = createRedisBus(commands);
  const directory = createRedisDirectory({ commands, bus, limits });
  await eventually('the process to be connected', () => bus.connected, { withinMs: 10_000 });
  return {
    bus,
    directory,
    async [Symbol.asyncDispose]() {
      await bus.close();
      await commands.close();
    },
  };
}

export async function redisRig(): Promise<Rig & { url: string }> {
  const redis = await startRedis();
  return {
    url: redis.url,
    counts: true,
    open: (limits) => openMember(readRedisTarget(redis.url), limits),
    outage: { begin: () => redis.kill(), end: () => redis.restart() },
    [Symbol.asyncDispose]: () => redis.stop(),
  };
}

export async function clusterRig(): Promise<Rig> {
  const cluster = await startRedisCluster();
  return {
    counts: false,
    open: (limits) => openMember({ nodes: cluster.nodes }, limits),
    outage: {
      begin: async () => void (await Promise.all(cluster.servers.map((server) => server.kill()))),
      async end() {
        await Promise.all(cluster.servers.map((server) => server.restart()));
        await cluster.settled();
      },
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
