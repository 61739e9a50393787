import { expect, test } from 'vitest';
import { describeTarget, redisAddress } from '../../../packages/shared/src/redis/redis-connection.ts';

test('addresses have a host and, if it is not 6379, a port', () => {
  expect(redisAddress('redis-1:7000')).toEqual({ host: 'redis-1', port: 7000 });
  expect(redisAddress(' 10.0.0.1 ')).toEqual({ host: '10.0.0.1', port: 6379 });
  expect(redisAddress('[::1]:7000')).toEqual({ host: '::1', port: 7000 });
  for (const wrong of ['', 'host:port', 'a:1:2', ':6379']) expect(() => redisAddress(wrong), wrong).toThrow();
});

test('the log never sees a password', () => {
  const targets = [
    { url: 'rediss://user:secret@redis.example:6380/0' },
    { url: 'redis://:secret@redis.example' },
    { sentinels: [{ host: 'a', port: 26379 }], name: 'sluice', password: 'secret', sentinelPassword: 'secret' },
    { nodes: [{ host: 'a', port: 7000 }], username: 'user', password: 'secret' },
  ];
  const described = targets.map(describeTarget);
  expect(described).toEqual([
    'rediss://***@redis.example:6380/0',
    'redis://***@redis.example',
    'sentinel sluice at a:26379',
    'cluster at a:7000',
  ]);
});
