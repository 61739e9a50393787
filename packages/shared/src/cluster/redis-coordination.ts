import type { Bus } from '../bus/bus.ts';
import { createRedisBus } from '../bus/redis-bus.ts';
import type { Directory, DirectoryLimits } from '../directory/directory.ts';
import { createRedisDirectory } from '../directory/redis-directory.ts';
import type { Logger } from '../base/logging.ts';
import { connectRedis } from '../redis/redis-commands.ts';
import { RedisHealth } from '../redis/redis-health.ts';
import type { RedisTarget } from '../redis/redis-target.ts';

/** What a process needs of the others: the bus and the directory, over one Redis. */
export interface Coordination {
  bus: Bus;
  directory: Directory;
  /** Why a process that depends on these isn't ready, beside the bus's being away. */
  faults(): readonly string[];
  close(): Promise<void>;
}

/** Where Redis is, and what the names of this cluster begin with there. */
export interface RedisSettings {
  redis: RedisTarget;
  redisPrefix?: string | undefined;
}

/**
 * Opens both over a Redis. Neither waits for it nor throws when it is away: it is connected to when it is there, and a
 * log line says meanwhile that it is not.
 */
export function openRedisCoordination(
  { redis, redisPrefix }: RedisSettings,
  options: { log: Logger; limits?: Partial<DirectoryLimits> },
): Coordination {
  const commands = connectRedis(redis, { log: options.log, prefix: redisPrefix });
  const bus = createRedisBus(commands);
  const directory = createRedisDirectory({ commands, bus, ...(options.limits && { limits: options.limits }) });
  const health = new RedisHealth(commands);
  return {
    bus,
    directory,
    faults: () => health.faults,
    async close() {
      health.close();
      await bus.close();
      await commands.close();
    },
  };
}
