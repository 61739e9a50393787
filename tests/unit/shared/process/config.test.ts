import { ConfigError, commonSettings, printableConfig, readConfig, rules } from '@sluice/shared';
import { expect, it } from 'vitest';

const settings = {
  name: { env: 'NAME', schema: rules.text(), about: 'what it is called' },
  port: { env: 'PORT', schema: rules.integer({ min: 0, max: 10, fallback: 5 }), about: 'where it listens' },
  share: { env: 'SHARE', schema: rules.number({ min: 0, max: 1, fallback: 0.5 }), about: 'how much' },
  loud: { env: 'LOUD', schema: rules.flag(false), about: 'whether it shouts' },
  mode: { env: 'MODE', schema: rules.choice(['pack', 'spread'], 'pack'), about: 'how it places' },
  friends: { env: 'FRIENDS', schema: rules.list(rules.text()), about: 'whom it knows' },
  key: { env: 'KEY', schema: rules.optionalText(), about: 'what opens it', secret: true },
  redis: commonSettings.redis,
} as const;

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(settings, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

it('[NO5] everything that is wrong is said at once, with what it is for and what was given', () => {
  const faults = faultsOf({
    PORT: '11',
    SHARE: 'half',
    LOUD: 'yes',
    MODE: 'scatter',
    KEY: 'x'.repeat(3000),
    REDIS_URL: 'http://r',
  });
  expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
    'NAME',
    'PORT',
    'SHARE',
    'LOUD',
    'MODE',
    'KEY',
    'REDIS_URL',
  ]);
  expect(faults[0]).toContain('is missing');
  expect(faults[1]).toContain('"11"');
  expect(faults[1]).toContain('where it listens');
});

it('[NO5] a wrong secret is called wrong, and not repeated', () => {
  const [fault] = faultsOf({ NAME: 'n', KEY: `hush${'x'.repeat(3000)}` });
  expect(fault).toContain('KEY is wrong');
  expect(fault).not.toContain('hush');
});

it.each(['0x7', '5.5', ' ', 'NaN', 'Infinity', '1e1000', '-1', '[object Object]'])(
  '[NO5] %j is no whole number from 0 to 10',
  (port) => expect(faultsOf({ NAME: 'n', PORT: port })).toHaveLength(1),
);

it('[NO5] what is not set, or empty, is the default', () => {
  const defaults = { name: 'n', port: 5, share: 0.5, loud: false, mode: 'pack', friends: [], key: undefined };
  const redis = { host: '127.0.0.1', port: 6379 };
  expect(readConfig(settings, { NAME: 'n' })).toEqual({ ...defaults, redis });
  expect(readConfig(settings, { NAME: 'n', PORT: '', LOUD: '', FRIENDS: '' })).toEqual({ ...defaults, redis });
});

it('[NO5] what is set is read as what it is', () => {
  const environment = { NAME: 'n', PORT: '0', SHARE: '1', LOUD: '1', MODE: 'spread', FRIENDS: ' a,, b ', KEY: 'k' };
  const expected = { port: 0, share: 1, loud: true, mode: 'spread', friends: ['a', 'b'], key: 'k' };
  expect(readConfig(settings, environment)).toMatchObject(expected);
});

it('[NO5] what is printed names no secret and no password', () => {
  const environment = { NAME: 'n', KEY: 'hush', REDIS_URL: 'rediss+sentinel://user:hunter2@a:1,b:2/main' };
  const printed = printableConfig(settings, readConfig(settings, environment));
  expect(printed).toMatchObject({ key: '[set]', redis: 'rediss+sentinel://a:1,b:2/main', port: 5 });
  expect(JSON.stringify(printed)).not.toMatch(/hush|hunter2/);
});
