import { expect, it } from 'vitest';
import { readInfo, serverFaults } from '../../../../packages/shared/src/redis/redis-info.ts';

const faults = (text: string, sharded = false) => serverFaults(readInfo(text), { sharded }).map((fault) => fault.text);
const well =
  '# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n# Replication\r\nrole:master\r\n';

it('[ST30] a server that is fit has no fault, nor has one that says nothing', () => {
  expect(faults(well)).toEqual([]);
  expect(faults(well, true)).toEqual([]);
  expect(faults('')).toEqual([]);
});

it.each([
  ['6.0.16', false, true],
  ['6.2.0', false, false],
  ['6.2.14', true, true],
  ['7.0.0', true, false],
  ['8.0.1', true, false],
  ['255.255.255', false, false],
])('[ST30] Redis %s, in a Cluster: %s, is too old: %s', (version, sharded, old) => {
  expect(faults(well.replace('7.0.15', version), sharded).join()).toMatch(old ? /^Redis .* is too old: \d\.\d/ : /^$/);
});

it.each(['allkeys-lru', 'volatile-lru', 'allkeys-random', 'volatile-ttl'])(
  '[ST30] %s drops parts of rooms',
  (policy) => {
    expect(faults(well.replace('noeviction', policy))).toEqual([
      `Redis's maxmemory-policy is ${policy}, which drops parts of rooms: set noeviction`,
    ]);
  },
);

it('[ST30] a replica takes no writes', () => {
  expect(faults(well.replace('role:master', 'role:slave')).join()).toContain('replica');
});
