import { isIPv6 } from 'node:net';

export interface RedisAddress {
  host: string;
  port: number;
}

interface RedisSecurity {
  username?: string;
  password?: string;
  /** Encrypted, the server's certificate checked against the system's authorities. */
  tls?: boolean;
}

/** Where Redis is, in one of three forms: one server, a master that Sentinels know, or a Cluster. */
export type RedisTarget = RedisSecurity &
  (
    | (RedisAddress & { db?: number })
    | { sentinels: readonly RedisAddress[]; name: string; sentinelPassword?: string }
    | {
        nodes: readonly RedisAddress[];
        /** Where the Cluster's nodes are reached from here, by the `host:port` that they tell. */
        natMap?: Record<string, RedisAddress>;
      }
  );

const kinds: Readonly<Record<string, { kind: 'single' | 'sentinel' | 'cluster'; tls: boolean; port: number }>> = {
  redis: { kind: 'single', tls: false, port: 6379 },
  rediss: { kind: 'single', tls: true, port: 6379 },
  'redis+sentinel': { kind: 'sentinel', tls: false, port: 26_379 },
  'rediss+sentinel': { kind: 'sentinel', tls: true, port: 26_379 },
  'redis+cluster': { kind: 'cluster', tls: false, port: 6379 },
  'rediss+cluster': { kind: 'cluster', tls: true, port: 6379 },
};
const schemes = 'redis://, redis+sentinel:// or redis+cluster:// (rediss… for TLS)';

/**
 * `redis://` for one server, with a database's number behind the host; `redis+sentinel://a:26379,b:26379/name` for a
 * master that Sentinels know; `redis+cluster://a:6379,b:6379` for a Cluster; `rediss…` for TLS. `user:password@` or
 * `:password@` before the first host.
 *
 * Stricter than a URL: whatever could be read in two ways is refused. What an address is refused for is said without any
 * part of it, since any part of a wrong one may be the password.
 *
 * @throws Error that completes "REDIS_URL …".
 */
export function readRedisTarget(text: string): RedisTarget {
  const { scheme, rest } = splitScheme(text);
  const found = Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined;
  if (!found) throw new Error(`has another scheme than ${schemes}, in lower case`);
  const at = rest.lastIndexOf('@');
  const security = { ...(at >= 0 && readCredentials(rest.slice(0, at))), ...(found.tls && { tls: true }) };
  const [hosts = '', ...behind] = rest.slice(at + 1).split('/');
  const tail = behind.join('/');
  const addresses = hosts.split(',').map((host) => redisAddress(host, found.port));
  const [first] = addresses;
  if (found.kind === 'sentinel') return { ...security, sentinels: addresses, name: masterName(tail) };
  if (found.kind === 'cluster') {
    if (tail !== '') throw new Error('has something behind the hosts: a Cluster has no databases');
    return { ...security, nodes: addresses };
  }
  if (!first || addresses.length > 1) {
    throw new Error('names several hosts: write redis+sentinel:// or redis+cluster://');
  }
  return { ...security, ...first, ...(tail !== '' && { db: database(tail) }) };
}

function splitScheme(text: string): { scheme: string; rest: string } {
  if (/^["'`]|["'`]$/.test(text)) throw new Error('is in quotes: leave them out');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\u0000-\u001f\u007f]/.test(text)) throw new Error('has white space in it: in a password it is written %20');
  const [, scheme, rest = ''] = /^([^:/@]*):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined) throw new Error(`does not begin with ${schemes}`);
  if (/[?#]/.test(rest)) {
    throw new Error('has a ? or a #: options are not taken, and in a password these are written %3F and %23');
  }
  return { scheme, rest };
}

function readCredentials(text: string): { username?: string; password: string } {
  if (/[@/]/.test(text)) throw new Error('has an @ or a / in its user or password: there they are written %40 and %2F');
  const colon = text.indexOf(':');
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1)].map(decoded);
  if (colon < 0 || !password) throw new Error('has no password before the @: write user:password@ or :password@');
  return { ...(username && { username }), password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('has a % in its user or password: there it is written %25');
  }
}

function masterName(tail: string): string {
  if (/^[A-Za-z0-9_.-]+$/.test(tail)) return tail;
  throw new Error("does not end with the name of the Sentinels' master: …:26379/name");
}

function database(tail: string): number {
  if (/^\d{1,5}$/.test(tail)) return Number(tail);
  throw new Error("has something else than a database's number behind the host");
}

/** `host:port`, or a host alone for the port that is usual. An IPv6 address stands in brackets. */
export function redisAddress(text: string, usualPort = 6379): RedisAddress {
  const match = /^(?:\[(.+)\]|([A-Za-z0-9][A-Za-z0-9._-]*))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? usualPort);
  const [, inBrackets, name] = match ?? [];
  const host = name ?? (inBrackets !== undefined && isIPv6(inBrackets) ? inBrackets : undefined);
  if (host === undefined || port < 1 || port > 65_535) throw new Error('has no host:port where one should be');
  return { host, port };
}

/** For people and logs: where it is, without user and password. */
export function describeTarget(target: RedisTarget): string {
  const scheme = target.tls ? 'rediss' : 'redis';
  if ('sentinels' in target) return `${scheme}+sentinel://${target.sentinels.map(hostPort).join(',')}/${target.name}`;
  if ('nodes' in target) return `${scheme}+cluster://${target.nodes.map(hostPort).join(',')}`;
  return `${scheme}://${hostPort(target)}${target.db === undefined ? '' : `/${target.db}`}`;
}

function hostPort({ host, port }: RedisAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * What every channel and key on this Redis begins with, where no other is configured. Pub/sub knows no databases: the
 * number has to be in the names, else two clusters on two databases would hear each other.
 */
export function defaultPrefix(target: RedisTarget): string {
  return 'db' in target && target.db ? `sluice-${target.db}` : 'sluice';
}
