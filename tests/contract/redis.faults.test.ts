import { expect, test } from 'vitest';
import { createRedisBus } from '../../packages/shared/src/bus/redis-bus.ts';
import { createLogger, type Logger } from '../../packages/shared/src/base/logging.ts';
import { connectRedis } from '../../packages/shared/src/redis/redis-commands.ts';
import { readRedisTarget } from '../../packages/shared/src/redis/redis-target.ts';
import { eventually, ManualClock, within } from '../../packages/shared/testing/index.ts';
import { startRedis, startSentinel } from '../support/redis/redis.ts';
import { freePort, RedisProcess } from '../support/redis/redis-process.ts';
import { openMember } from '../support/clusters/rigs.ts';
import { TcpWay } from '../support/network/tcp-way.ts';

/** A logger whose warnings a test can read. */
function listeningLogger(): { log: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const log = createLogger({ name: 'test', level: 'silent' });
  log.warn = (fields: unknown, message?: string) => void warnings.push(message ?? String(fields));
  return { log, warnings };
}

const unavailable = { code: 'coordinatorUnavailable' };

test('[BU12] a process may start before its Redis: it says so at intervals, and connects when Redis is there', async () => {
  const clock = new ManualClock();
  const { log, warnings } = listeningLogger();
  await using redis = await RedisProcess.start();
  await redis.kill();
  const commands = connectRedis(readRedisTarget(redis.url), { log, clock });
  const bus = createRedisBus(commands);
  expect(bus.connected).toBe(false);
  const heard: string[] = [];
  const subscribed = bus.subscribe('early', (message) => heard.push(message));
  await expect(bus.publish('early', 'lost')).rejects.toMatchObject(unavailable);
  await eventually('a warning', () => warnings.length === 1);
  await clock.advance(10_000);
  await eventually('the next warning, an interval later', () => warnings.length === 2);
  expect(new Set(warnings)).toEqual(new Set(['Redis cannot be reached; trying on.']));

  await redis.restart();
  await within(10_000, 'the subscription', subscribed);
  await eventually('the bus to be connected', () => bus.connected);
  expect(await bus.publish('early', 'found')).toBe(1);
  await eventually('the message', () => heard.length === 1);
  await bus.close();
  await commands.close();
});

test('[BU12] nobody listens at the address: closing ends the attempts', async () => {
  const commands = connectRedis({ host: '127.0.0.1', port: await freePort() });
  const bus = createRedisBus(commands);
  const subscribed = bus.subscribe('never', () => undefined);
  await bus.close();
  await commands.close();
  await expect(subscribed).rejects.toMatchObject(unavailable);
});

test('[BU13] a Redis that hangs costs the commands under way their time, and those after them nothing', async () => {
  await using redis = await startRedis();
  await using member = await openMember(readRedisTarget(redis.url));
  const heard: string[] = [];
  await member.bus.subscribe('hung', (message) => heard.push(message));
  await redis.pause();
  const started = performance.now();
  const underWay = member.bus.publish('hung', 'under way');
  await expect(within(3500, 'the first command to fail', underWay)).rejects.toMatchObject(unavailable);
  expect(performance.now() - started).toBeGreaterThan(1000);
  await eventually('the loss to be noticed', () => !member.bus.connected);
  const burst = Array.from({ length: 1000 }, () => member.bus.publish('hung', 'refused'));
  // One that waited would take as long as the first.
  const answers = await within(1000, 'a thousand refusals', Promise.allSettled(burst));
  expect(answers.every((answer) => answer.status === 'rejected')).toBe(true);

  await redis.resume();
  await eventually('the bus to be connected', () => member.bus.connected, { withinMs: 10_000 });
  expect(await member.bus.publish('hung', 'goes on')).toBe(1);
  await eventually('the message', () => heard.includes('goes on'));
  expect(heard).not.toContain('refused');
}, 30_000);

test('[BU14] a subscriber connection that has gone deaf is found and made anew', async () => {
  await using redis = await startRedis();
  await using way = await TcpWay.to(redis.port);
  const { log, warnings } = listeningLogger();
  const commands = connectRedis({ host: '127.0.0.1', port: way.port }, { log });
  const bus = createRedisBus(commands);
  const heard: string[] = [];
  await bus.subscribe('deaf', (message) => heard.push(message));
  await eventually('the bus to be connected', () => bus.connected);
  const { connections } = way;

  way.messages(() => []);
  expect(await bus.publish('deaf', 'unheard')).toBe(1);
  await eventually('the bus to doubt itself', () => !bus.connected, { withinMs: 6000 });
  way.heal();
  await eventually('the bus to hear again', () => bus.connected, { withinMs: 6000 });
  expect(await bus.publish('deaf', 'heard')).toBe(1);
  await eventually('the message', () => heard.length > 0);
  expect(heard).toEqual(['heard']);
  expect(way.connections).toBeGreaterThan(connections);
  expect(bus.counters).toMatchObject({ deaf: 1 });
  expect(warnings).toContain('A subscriber connection is deaf; making it anew.');
  await bus.close();
  await commands.close();
}, 30_000);

test('[BU15] after a fail-over, commands and subscriptions are at the new master', async () => {
  await using sentinel = await startSentinel();
  const target = { sentinels: sentinel.sentinels, name: sentinel.name };
  await using a = await openMember(target);
  await using b = await openMember(target);
  const heard: string[] = [];
  await b.bus.subscribe('moves', (message) => heard.push(message));
  expect(await a.bus.publish('moves', 'before')).toBe(1);

  await sentinel.failOver();
  await sentinel.master.kill();
  const published = async (): Promise<boolean> => {
    const count = await a.bus.publish('moves', 'after').catch(() => 0);
    return a.bus.connected && b.bus.connected && count === 1;
  };
  await eventually('the subscriber to be heard at the new master', published, { withinMs: 15_000, everyMs: 50 });
  await eventually('the message', () => heard.includes('after'));
}, 60_000);
