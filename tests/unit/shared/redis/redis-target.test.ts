import {
  ConfigError,
  commonSettings,
  defaultPrefix,
  describeTarget,
  printableConfig,
  readConfig,
  readRedisTarget,
  redisAddress,
} from '@sluice/shared';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it.each([
  ['redis://h', { host: 'h', port: 6379 }],
  ['redis://127.0.0.1:7000/3', { host: '127.0.0.1', port: 7000, db: 3 }],
  ['redis://[::1]:7000/', { host: '::1', port: 7000 }],
  [
    'rediss://jane:p%40ss@redis-1.example:6380',
    { host: 'redis-1.example', port: 6380, username: 'jane', password: 'p@ss', tls: true },
  ],
  ['redis://:a%2Fb:c@h', { host: 'h', port: 6379, password: 'a/b:c' }],
  [
    'redis+sentinel://:pw@a,b:26380/main',
    {
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
      name: 'main',
      password: 'pw',
    },
  ],
  [
    'rediss+cluster://a:7000,b',
    {
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
      tls: true,
    },
  ],
])('[ST10] %s is read as what it is', (text, target) => expect(readRedisTarget(text)).toEqual(target)); // prettier-ignore

it.each([
  ['valkey://:hunter2@h', 'another scheme'],
  ['REDIS://:hunter2@h', 'another scheme'],
  ['redis://:hun/ter2@h', '%2F'],
  ['redis://me@corp:hunter2@h', '%40'],
  ['"redis://:hunter2@h"', 'quotes'],
  ["'redis://:hunter2@h'", 'quotes'],
  [' redis://:hunter2@h', 'white space'],
  ['redis://:hunter2@h\n', 'white space'],
  ['redis://h?password=hunter2', '%3F'],
  ['redis://h:6379/0?password=hunter2', '%3F'],
  ['redis://:hunter#2@h', '%23'],
  ['redis://:hunter2%@h', '%25'],
  ['redis://hunter2@h', 'no password'],
  ['redis://:hunter2', 'host:port'],
  ['redis://me:hunter2', 'host:port'],
  ['redis://h:hunter2', 'host:port'],
  ['redis://h/hunter2', "database's number"],
  ['redis:h:hunter2', 'does not begin'],
  ['h:6379:hunter2', 'does not begin'],
  [':hunter2@h', 'does not begin'],
  ['redis+sentinel://:hunter2@a,b', 'Sentinels'],
  ['redis+sentinel://:hunter2@a/b/c', 'Sentinels'],
  ['redis+cluster://:hunter2@a/1', 'no databases'],
  ['redis://:hunter2@a,b', 'several hosts'],
  ['redis://:hunter2@h:99999', 'host:port'],
])('[ST10] %j is refused with what is wrong, and without any part of it', (text, problem) => {
  const fault = faultOf({ REDIS_URL: text });
  expect(fault).toMatch(/^REDIS_URL is wrong: it /);
  expect(fault).toContain(problem);
  expect(fault).not.toMatch(/hunter|ter2/);
});

function faultOf(environment: Record<string, string>): string {
  try {
    readConfig(commonSettings, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.join('\n');
    throw error;
  }
  return '';
}

/** Long enough that no ordinary word of a message has it in it by chance. */
const secrets = fc.string({
  minLength: 8,
  maxLength: 24,
  unit: fc.constantFrom(...Array.from('aZ9_-.~!$&*+;=:@/?#%[]"\' \\|^`{}é')),
});
const around = fc.constantFrom(
  ['redis://:', '@h'],
  ['redis://me:', '@h:6379/1'],
  ['redis://', '@h'],
  ['valkey://:', '@h'],
  ['REDISS://u:', '@h'],
  [' redis://:', '@h '],
  ['"redis://:', '@h"'],
  ['redis://h?password=', ''],
  ['redis://h/0?username=u&password=', '#x'],
  ['redis+sentinel://:', '@a,b:26379/main'],
  ['redis+sentinel://a,:', '@b/main'],
  ['redis+cluster://u:', '@a:7000,b'],
  ['redis://me@corp:', '@h'],
  ['redis:', '@h'],
  ['', '@h:6379'],
);

it('[ST10] whatever the password and however wrong the address, no part of the password is printed', () => {
  fc.assert(
    fc.property(secrets, around, (secret, [before, after]) => {
      const REDIS_URL = `${before}${secret}${after}`;
      let said: string;
      try {
        said = JSON.stringify(printableConfig(commonSettings, readConfig(commonSettings, { REDIS_URL })));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        said = error.message;
      }
      // Any run of five of its characters would be a part of it.
      const parts = Array.from({ length: secret.length - 4 }, (_, at) => secret.slice(at, at + 5));
      const told = parts.filter((part) => said.includes(part) && /[aZ9é]{2}/.test(part));
      expect(told, said).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('[ST10] the same of a token, and of an address that was given to another setting', () => {
  for (const wrong of [
    { OPS_TOKEN: 'hunter2' },
    { OPS_TOKEN: `hunter2 ${'x'.repeat(20)}` },
    { LOG_LEVEL: 'redis://:hunter2@h' },
    { LEASE_MS: 'password=hunter2' },
    { REDIS_PREFIX: 'redis://:hunter2@h' },
    { OPS_HOST: 'redis://:hunter2@h' },
  ] as Record<string, string>[]) {
    const fault = faultOf(wrong);
    expect(fault).toContain(Object.keys(wrong)[0]);
    expect(fault).not.toContain('hunter2');
  }
  const config = readConfig(commonSettings, { OPS_TOKEN: 'hunter2-hunter2-hunter2' });
  expect(JSON.stringify(printableConfig(commonSettings, config))).not.toContain('hunter2');
});

it('[ST10] what is printed says where Redis is', () => {
  const printed = (text: string) => describeTarget(readRedisTarget(text));
  expect(printed('rediss://user:secret@redis.example:6380/0')).toBe('rediss://redis.example:6380/0');
  expect(printed('redis://:secret@[::1]')).toBe('redis://[::1]:6379');
  expect(printed('redis+sentinel://u:secret@a,b:1/main')).toBe('redis+sentinel://a:26379,b:1/main');
  expect(printed('rediss+cluster://:secret@a,b')).toBe('rediss+cluster://a:6379,b:6379');
});

it('addresses have a host and, if it is not the usual one, a port', () => {
  expect(redisAddress('redis-1:7000')).toEqual({ host: 'redis-1', port: 7000 });
  expect(redisAddress('10.0.0.1')).toEqual({ host: '10.0.0.1', port: 6379 });
  expect(redisAddress('[::1]:7000')).toEqual({ host: '::1', port: 7000 });
  for (const wrong of ['', 'host:port', 'a:1:2', ':6379', 'a:0', '[a]', ' a']) {
    expect(() => redisAddress(wrong), wrong).toThrow('host:port');
  }
});

it('[ST11] the prefix of a database other than 0 has its number in it', () => {
  expect(defaultPrefix(readRedisTarget('redis://h'))).toBe('sluice');
  expect(defaultPrefix(readRedisTarget('redis://h/0'))).toBe('sluice');
  expect(defaultPrefix(readRedisTarget('redis://h/12'))).toBe('sluice-12');
  expect(defaultPrefix(readRedisTarget('redis+cluster://h'))).toBe('sluice');
});

it.each(['a:b', '{a}', 'a b', 'é', 'x'.repeat(65)])('[ST11] %j is no prefix', (REDIS_PREFIX) => {
  expect(faultOf({ REDIS_PREFIX })).toContain('REDIS_PREFIX');
});
