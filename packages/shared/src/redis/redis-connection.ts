import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { jittered } from '../base/clock.ts';
import type { RedisAddress, RedisTarget } from './redis-target.ts';

/**
 * How long a command may take, in ms, before it fails and the connection is given up as hung. Shorter fails sooner when
 * Redis hangs; longer survives a slower Redis. An operation's deadline is 2 s, so more would be of no use.
 */
export const commandTimeoutMs = 2000;
const connectTimeoutMs = 2000;

/** A reconnect is tried at least this often, in ms: what it adds to Redis being back is at most this. */
const longestRetryMs = 1000;

const retryDelayMs = (attempts: number): number => jittered(Math.min(25 * 2 ** (attempts - 1), longestRetryMs), 0.25);

/**
 * Nothing queues while Redis is away, and nothing is sent twice: a command fails at once, or with its connection.
 * `socketTimeout` ends a connection that owes an answer for too long: against a hung Redis, only the first few commands
 * wait their time out, those after them fail at once.
 */
const common = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  commandTimeout: commandTimeoutMs,
  socketTimeout: commandTimeoutMs,
  connectTimeout: connectTimeoutMs,
  disconnectTimeout: 500,
  disableClientInfo: true,
  replyMapping: 'legacy',
} as const satisfies RedisOptions;

function security({ username, password, tls }: RedisTarget) {
  return { ...(username && { username }), ...(password && { password }), ...(tls && { tls: {} }) };
}

/** After a fail-over the old master answers as a replica: the connection looks for the new one. */
const leaveReplica = (error: Error): boolean => error.message.startsWith('READONLY');

/** A connection to the one server that takes commands; to one node of a Cluster where `node` is given. */
export function openRedis(target: RedisTarget, node?: RedisAddress): Redis {
  const options = {
    ...common,
    ...security(target),
    retryStrategy: retryDelayMs,
    reconnectOnError: leaveReplica,
  } satisfies RedisOptions;
  if (node) return new Redis({ ...options, host: node.host, port: node.port });
  if ('sentinels' in target) return new Redis({ ...options, ...sentinelOptions(target) });
  if ('host' in target) return new Redis({ ...options, host: target.host, port: target.port, db: target.db ?? 0 });
  throw new Error('A Redis Cluster is opened with openCluster.');
}

function sentinelOptions(target: Extract<RedisTarget, { sentinels: unknown }>) {
  return {
    sentinels: target.sentinels.map(({ host, port }) => ({ host, port })),
    name: target.name,
    ...(target.sentinelPassword && { sentinelPassword: target.sentinelPassword }),
    ...(target.tls && { enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: commandTimeoutMs,
    failoverDetector: true,
  } satisfies RedisOptions;
}

export function openCluster(target: Extract<RedisTarget, { nodes: unknown }>): Cluster {
  const options = {
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelayMs,
    // A command whose connection was lost may have been done: it is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: 2000,
    slotsRefreshTimeout: commandTimeoutMs,
    ...(target.natMap && { natMap: target.natMap }),
    // A certificate is for a name, so a name is not turned into an address here.
    ...(target.tls && { dnsLookup: (name, done) => done(null, name) }),
    redisOptions: { ...common, ...security(target) },
  } satisfies ClusterOptions;
  return new Cluster(
    target.nodes.map(({ host, port }) => ({ host, port })),
    options,
  );
}
