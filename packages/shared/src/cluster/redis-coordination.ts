import type { Bus } from '../bus/bus.ts';
import { createRedisBus } from '../bus/redis-bus.ts';
import type { Directory, DirectoryLimits } from '../directory/directory.ts';
import { createRedisDirectory } from '../directory/redis-directory.ts';
import type { Logger } from '../base/logging.ts';
import { connectRedis } from '../redis/redis-commands.ts';
import { type RedisTarget, redisAddress } from '../redis/redis-connection.ts';

/** What a process needs of the others: the bus and the directory, over one Redis. */
export interface Coordination {
  bus: Bus;
  directory: Directory;
  close(): Promise<void>;
}

/**
 * Opens both over a Redis. Neither waits for it nor throws when it is away: it is connected to when it is there, and a
 * log line says meanwhile that it is not.
 *
 * @throws Error when the address cannot be read.
 */
export function openRedisCoordination(
  address: string,
  options: { log: Logger; limits?: Partial<DirectoryLimits> },
): Coordination {
  const commands = connectRedis(readRedisTarget(address), { log: options.log });
  const bus = createRedisBus(commands);
  const directory = createRedisDirectory({ commands, bus, ...(options.limits && { limits: options.limits }) });
  return {
    bus,
    directory,
    async close() {
      await bus.close();
      await commands.close();
    },
  };
}

const several = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^:@]*)(?::([^@]*))?@)?([^/]+)(?:\/(.+))?$/;

/**
 * `redis://` or `rediss://` (TLS) for one server, `redis+sentinel://a:26379,b:26379/name` for a master that Sentinels
 * know, `redis+cluster://a:6379,b:6379` for a Cluster; a user and password before the first host, as in any URL.
 */
export function readRedisTarget(address: string): RedisTarget {
  if (/^rediss?:\/\//.test(address)) return { url: address };
  const [, scheme, kind, user, password, hosts, name] = several.exec(address) ?? [];
  if (hosts === undefined)
    throw new Error('A Redis address begins with redis://, redis+sentinel:// or redis+cluster://.');
  const security = {
    ...(user && { username: decodeURIComponent(user) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(scheme === 'rediss' && { tls: true }),
  };
  const addresses = hosts.split(',').map(redisAddress);
  if (kind === 'cluster') return { ...security, nodes: addresses };
  if (name === undefined) throw new Error("A Sentinel's address ends with the name of its master: …:26379/name.");
  return { ...security, sentinels: addresses, name };
}
