import { openRedisCoordination, type RedisTarget, silentLogger } from '@sluice/shared';
import { eventually, ownerNamed, peerRecord, roomNamed } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { ask, RedisProcess } from '../support/redis/redis-process.ts';
import { startRedisCluster } from '../support/redis/redis.ts';

const patience = { withinMs: 10_000, everyMs: 20 };

/** A process's coordination, and the errors that it has logged. */
function open(redis: RedisTarget) {
  const errors: string[] = [];
  const log = Object.assign(Object.create(silentLogger) as typeof silentLogger, {
    error: (_fields: unknown, message: string) => errors.push(message),
  });
  const coordination = openRedisCoordination({ redis }, { log });
  const faults = () => coordination.faults().join('; ');
  const enter = () => {
    const owner = ownerNamed('node-a');
    return coordination.directory.enter(roomNamed('r'), peerRecord('p', owner), { maxPeers: 10 });
  };
  return {
    faults,
    errors,
    enter,
    says: (text: string | RegExp) =>
      eventually(`${text}`, () => coordination.bus.connected && faults().match(text), patience),
    isWell: () => eventually('no fault', () => coordination.bus.connected && faults() === '', patience),
    [Symbol.asyncDispose]: () => coordination.close(),
  };
}

const at = ({ port }: RedisProcess, more: { username?: string; password?: string } = {}) => ({
  host: '127.0.0.1',
  port,
  ...more,
});

test('[ST30] an eviction policy is a fault, logged once, until it is mended', async () => {
  await using redis = await RedisProcess.start();
  await using member = open(at(redis));
  await member.isWell();
  await ask(redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await member.says('maxmemory-policy is allkeys-lru');
  await ask(redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await member.isWell();
  expect(member.errors).toHaveLength(1);
  expect(await ask(redis.port, 'DBSIZE'), 'the check leaves no key').toBe(0);
});

test('[ST30] a full Redis is a fault, until there is room', async () => {
  await using redis = await RedisProcess.start();
  await using member = open(at(redis));
  await member.isWell();
  await ask(redis.port, 'CONFIG', 'SET', 'maxmemory', 1);
  await member.says('refuses to write: OOM');
  await ask(redis.port, 'CONFIG', 'SET', 'maxmemory', 0);
  await member.isWell();
});

test('[ST30] a replica is a fault', async () => {
  await using master = await RedisProcess.start();
  await using replica = await RedisProcess.start();
  await ask(replica.port, 'REPLICAOF', '127.0.0.1', master.port);
  await using member = open(at(replica));
  await member.says('replica, which takes no writes');
  await expect(member.enter()).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
});

test.each([
  { lacks: 'keys', rights: ['+@all', '~other:*', '&*'] },
  { lacks: 'scripts', rights: ['+@all', '-@scripting', '~*', '&*'] },
  { lacks: 'one command of the scripts', rights: ['+@all', '-xadd', '~*', '&*'] },
  { lacks: 'channels', rights: ['+@all', '~*', 'resetchannels', '&sluice:probe:*'] },
])('[ST30] a user without $lacks is a fault, and its joins are refused as temporary', async ({ lacks, rights }) => {
  await using redis = await RedisProcess.start();
  await ask(redis.port, 'ACL', 'SETUSER', 'app', 'on', '>secret', ...rights);
  await using member = open(at(redis, { username: 'app', password: 'secret' }));
  if (lacks !== 'channels') await member.says('refuses to write: ');
  await eventually(
    'a typed refusal',
    () =>
      expect(member.enter())
        .rejects.toMatchObject({ code: 'coordinatorUnavailable' })
        .then(() => true),
    patience,
  ); // prettier-ignore
  expect(member.faults()).not.toContain('secret');
});

test('[ST30] a user with the rights that deploy/README.md names has no fault', async () => {
  await using redis = await RedisProcess.start();
  const rights = ['+@all', '-@admin', '-@dangerous', '~sluice:*', '&sluice:*'];
  await ask(redis.port, 'ACL', 'SETUSER', 'app', 'on', '>secret', ...rights);
  await using member = open(at(redis, { username: 'app', password: 'secret' }));
  await member.isWell();
  await member.enter();
});

test('[ST30] each master of a Cluster is looked at', async () => {
  await using cluster = await startRedisCluster();
  await using member = open({ nodes: cluster.nodes });
  await member.isWell();
  const [, , third] = cluster.servers;
  await ask(third?.port ?? 0, 'CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
  await member.says('maxmemory-policy is volatile-lru');
});
