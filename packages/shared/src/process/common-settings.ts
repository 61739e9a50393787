import * as z from 'zod';
import { describeTarget, readRedisTarget, type RedisTarget } from '../redis/redis-target.ts';
import { rules } from './rules.ts';

const redisTarget = z.string().transform((text, context): RedisTarget => {
  try {
    return readRedisTarget(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `it ${(error as Error).message}` });
    return z.NEVER;
  }
});

/** Settings that gateways and nodes share. */
export const commonSettings = {
  redis: {
    env: 'REDIS_URL',
    schema: redisTarget.optional().transform((target) => target ?? readRedisTarget('redis://127.0.0.1:6379')),
    about: 'where the bus and the directory are; rediss for TLS',
    secret: true,
    print: describeTarget,
  },
  redisPrefix: {
    env: 'REDIS_PREFIX',
    schema: rules.name().optional(),
    about:
      'what every channel and key on Redis begins with, the same in the whole cluster; clusters that share a Redis need different ones. Without it sluice, and the number of the database where it is not 0',
  },
  leaseMs: {
    env: 'LEASE_MS',
    schema: rules.integer({ min: 500, max: 60_000, fallback: 2000 }),
    about:
      'ms that a silent process counts as alive, heard from four times as often; shorter finds frozen hosts sooner, longer forgives busy ones; the same in the whole cluster',
  },
  logLevel: { env: 'LOG_LEVEL', schema: rules.logLevel(), about: 'least serious level that is logged' },
  opsHost: {
    env: 'OPS_HOST',
    schema: rules.host('127.0.0.1'),
    about: 'address of the private port; widen it only inside a network that clients cannot reach',
  },
  opsToken: {
    env: 'OPS_TOKEN',
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{16,256}$/, '16 to 256 visible ASCII characters')
      .optional(),
    about:
      'bearer token for what changes something by the private port (drains); without it they are taken from the same machine alone',
    secret: true,
  },
} as const;
