import { expect, test } from 'vitest';
import { Offences, TokenBucket } from '../../../apps/signaling/src/session/limits.ts';
import { eventually } from './support/eventually.ts';
import { ManualClock, settle } from '@sluice/shared/testing';
import { World } from './support/world.ts';

const taken = (bucket: TokenBucket, tries: number) =>
  Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;

test('[GW18] a bucket lets its burst through at once, and its rate afterwards', () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket(clock, { perSecond: 50, burst: 200 });
  expect(taken(bucket, 300)).toBe(200);
  clock.jump(100);
  expect(taken(bucket, 300)).toBe(5);
  clock.jump(3_600_000);
  expect(taken(bucket, 300)).toBe(200);
});

test('[GW18] offences count within ten seconds', () => {
  const clock = new ManualClock();
  const offences = new Offences(clock);
  for (let count = 0; count < 99; count++) expect(offences.add()).toBe(false);
  clock.jump(10_000);
  for (let count = 0; count < 99; count++) expect(offences.add()).toBe(false);
  expect(offences.add()).toBe(true);
});

test('[GW18] actions beyond the rate are refused in their turn, with their ids, and ask nothing', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, settings: { ACTIONS_PER_SECOND: '10', ACTION_BURST: '5' } });
  const ann = await world.gateway.join();
  for (let id = 0; id < 8; id++) ann.say({ action: 'updatePeer', name: 'x', id });
  await eventually(() => ann.frames.some(({ id }) => id === 7));
  expect(ann.frames.filter(({ id }) => typeof id === 'number').map(({ type, id }) => [id, type])).toEqual([
    ...[0, 1, 2, 3].map((id) => [id, 'ok']),
    ...[4, 5, 6, 7].map((id) => [id, 'error']),
  ]);
  expect(ann.of('error')[0]).toMatchObject({ code: 'tooManyRequests', temporary: true, action: 'updatePeer' });
  expect(world.node.called('updatePeer')).toHaveLength(4);
  clock.jump(200);
  expect((await ann.ask({ action: 'updatePeer', id: 'later' })).type).toBe('ok');
  expect(await world.gateway.metrics.metrics()).toContain('sfu_gateway_rate_limited_total{scope="rate"} 4');
});

test('[GW18] a line that is full takes no more, and forgets nothing that stands in it', async () => {
  await using world = await World.create({ settings: { ACTION_BURST: '1000' } });
  const ann = await world.gateway.join();
  const answer = Promise.withResolvers<void>();
  world.node.on('updatePeer', async () => {
    await answer.promise;
    return {};
  });
  for (let id = 0; id < 140; id++) ann.say({ action: 'updatePeer', id });
  await settle();
  answer.resolve();
  await eventually(() => ann.frames.some(({ id }) => id === 139));
  expect(ann.of('ok').map(({ id }) => id)).toEqual(Array.from({ length: 128 }, (_, id) => id));
  expect(ann.of('error').map(({ id, code }) => [id, code])).toEqual(
    Array.from({ length: 12 }, (_, index) => [128 + index, 'tooManyRequests']),
  );
});

test('[GW18] a line is full by its length too', async () => {
  await using world = await World.create({ settings: { ACTION_BURST: '1000' } });
  const ann = await world.gateway.join();
  const answer = Promise.withResolvers<void>();
  world.node.on('sendMessage', async () => {
    await answer.promise;
    return { seq: 1 };
  });
  const payload = 'x'.repeat(16_000);
  for (let id = 0; id < 60; id++) ann.say({ action: 'sendMessage', payload, id });
  answer.resolve();
  await eventually(() => ann.frames.some(({ id }) => id === 59));
  expect(ann.of('messageSent')).toHaveLength(32);
  expect(ann.of('error').every(({ code }) => code === 'tooManyRequests')).toBe(true);
});

test('[GW18] unreadable frames count when they come, however long the line stands', async () => {
  await using world = await World.create();
  const ann = await world.gateway.join();
  world.node.on('updatePeer', () => new Promise(() => undefined));
  ann.say({ action: 'updatePeer', id: 1 });
  for (let count = 0; count < 99; count++) ann.listener?.unreadable('binary');
  expect(ann.closedWith).toBeUndefined();
  ann.listener?.unreadable('tooLarge');
  expect(ann.closedWith).toBe(4503);
});

for (const [what, frame] of [
  ['nonsense', 'nonsense'],
  ['unknown actions', '{"action":"dance"}'],
  ['fields that do not fit', '{"action":"restartIce"}'],
] as const) {
  test(`[GW18] a client that keeps sending ${what} is closed with 4503`, async () => {
    await using world = await World.create({ settings: { ACTION_BURST: '1000' } });
    const ann = await world.gateway.join();
    for (let count = 0; count < 99; count++) ann.sayRaw(frame);
    await ann.waitFor('error', 99);
    expect(ann.closedWith).toBeUndefined();
    ann.sayRaw(frame);
    await eventually(() => ann.closedWith === 4503);
    await eventually(() => world.node.called('leavePeer').length === 1);
  });
}

test('[GW18] a client that does not heed the rate is closed with 4503', async () => {
  await using world = await World.create({ settings: { ACTIONS_PER_SECOND: '1', ACTION_BURST: '5' } });
  const ann = await world.gateway.join();
  for (let count = 0; count < 120; count++) ann.say({ action: 'updatePeer' });
  await eventually(() => ann.closedWith === 4503);
});
