import { expect, test } from 'vitest';
import { Offences, TokenBucket } from '../../../../apps/signaling/src/session/limits.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '@sluice/shared/testing';
import { World } from '../support/world.ts';

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
  const offences = new Offences(clock, 100);
  for (let count = 0; count < 99; count++) expect(offences.add()).toBe(false);
  clock.jump(10_000);
  for (let count = 0; count < 99; count++) expect(offences.add()).toBe(false);
  expect(offences.add()).toBe(true);
});

const messages = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ action: 'sendMessage', payload: id, id }));

async function pacedWorld(settings: Record<string, string> = {}) {
  const clock = new ManualClock();
  const world = await World.create({ clock, settings });
  return { clock, world, ann: await world.gateway.join() };
}

/** Lets time pass in small steps, in each of which a few actions can be done. At most 20 s. */
async function passUntil(clock: ManualClock, check: () => boolean, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < 20_000 && !check(); passed += stepMs) await clock.advance(stepMs);
  expect(check()).toBe(true);
}

test('[GW40] 300 messages in one tick are all sent', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTION_BURST: '200' });
  await using _ = world;
  for (const message of messages(300)) ann.say(message);
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 299));
  expect(ann.of('error')).toEqual([]);
  expect(ann.of('messageSent').map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (__, id) => id));
  expect(ann.closedWith).toBeUndefined();
});

test('[GW40] 200 tracks consumed one by one, each with its own resume, all at once', async () => {
  const { world, ann, clock } = await pacedWorld();
  await using _ = world;
  for (let track = 0; track < 200; track++) {
    ann.say({ action: 'consume', producerId: `p-${track}`, id: `consume-${track}` });
    ann.say({ action: 'resumeConsumer', consumerId: `c-p-${track}`, id: `resume-${track}` });
  }
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 'resume-199'));
  expect(ann.of('error')).toEqual([]);
  expect(ann.of('consumed')).toHaveLength(200);
  expect(ann.of('ok')).toHaveLength(200);
});

test('[GW40] actions beyond the rate are done later, in their order, and counted', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTIONS_PER_SECOND: '10', ACTION_BURST: '5' });
  await using _ = world;
  for (let id = 0; id < 8; id++) ann.say({ action: 'updatePeer', name: 'x', id });
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 3));
  const done = () => ann.frames.filter(({ id }) => typeof id === 'number').map(({ type, id }) => [id, type]);
  expect(done(), 'the join took one').toEqual([0, 1, 2, 3].map((id) => [id, 'ok']));
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 4));
  expect(done()).toHaveLength(5);
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 7));
  expect(done()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((id) => [id, 'ok']));
  expect(await world.gateway.metrics.metrics()).toContain('sfu_gateway_rate_limited_total{scope="rate"} 4');
});

test('[GW40] a line is full when its last would wait more than 5 s: what is beyond is refused one by one', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTIONS_PER_SECOND: '100', ACTION_BURST: '1' });
  await using _ = world;
  for (const message of messages(510)) ann.say(message);
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 509), 40);
  expect(ann.of('messageSent').map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (__, id) => id));
  const refused = ann.of('error');
  expect(refused.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (__, index) => 500 + index));
  for (const { code, temporary, action, details } of refused) {
    expect({ code, temporary, action }).toEqual({ code: 'tooManyRequests', temporary: true, action: 'sendMessage' });
    expect(details).toMatchObject({ limit: 'queue' });
    const { retryAfterMs } = details as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(5000);
  }
  await clock.advance(100);
  expect((await ann.ask({ action: 'updatePeer', id: 'later' })).type).toBe('ok');
  expect(ann.closedWith).toBeUndefined();
});

test('[GW40] a line is full by its bytes too, and forgets nothing that stands in it', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTION_BURST: '1000' });
  await using _ = world;
  const answer = Promise.withResolvers<void>();
  world.node.on('sendMessage', async () => {
    await answer.promise;
    return { seq: 1 };
  });
  const payload = 'x'.repeat(16_000);
  for (let id = 0; id < 80; id++) ann.say({ action: 'sendMessage', payload, id });
  answer.resolve();
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 79));
  expect(ann.of('messageSent').map(({ id }) => id)).toEqual(Array.from({ length: 65 }, (__, id) => id));
  expect(ann.of('error').map(({ code }) => code)).toEqual(Array.from({ length: 15 }, () => 'tooManyRequests'));
});

test('[GW40] what all lines of a gateway hold together is bounded', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTION_BURST: '1000', MAX_WAITING_BYTES: '100000' });
  await using _ = world;
  const bob = await world.gateway.join();
  const answer = Promise.withResolvers<void>();
  world.node.on('sendMessage', async () => {
    await answer.promise;
    return { seq: 1 };
  });
  const payload = 'x'.repeat(15_900);
  for (let id = 0; id < 7; id++) ann.say({ action: 'sendMessage', payload, id });
  bob.say({ action: 'sendMessage', payload, id: 0 });
  answer.resolve();
  await passUntil(clock, () => ann.frames.some(({ id }) => id === 6));
  expect(ann.of('messageSent')).toHaveLength(6);
  expect(bob.of('error')).toMatchObject([{ code: 'tooManyRequests', details: { limit: 'memory' } }]);
  expect((await bob.ask({ action: 'sendMessage', payload, id: 1 })).type).toBe('messageSent');
  const counted = await world.gateway.metrics.metrics();
  expect(counted).toContain('sfu_gateway_rate_limited_total{scope="memory"} 2');
});

test('[GW40] a client that goes on for thousands of refusals is closed with 4503', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTIONS_PER_SECOND: '10', ACTION_BURST: '5' });
  await using _ = world;
  for (let count = 0; count < 4 + 50 + 1999; count++) ann.say({ action: 'updatePeer' });
  expect(ann.closedWith).toBeUndefined();
  ann.say({ action: 'updatePeer' });
  expect(ann.closedWith).toBe(4503);
  await clock.advance(1000);
  expect(world.node.called('leavePeer')).toHaveLength(1);
  expect(world.gateway.switchboard.sessions.size).toBe(0);
});

test('[GW40] a connection that closes while its actions wait does none of them, and ends at once', async () => {
  const { world, ann, clock } = await pacedWorld({ ACTIONS_PER_SECOND: '1', ACTION_BURST: '5' });
  await using _ = world;
  for (let id = 0; id < 9; id++) ann.say({ action: 'updatePeer', id });
  await eventually(() => ann.of('ok').length === 4);
  ann.disconnect();
  await eventually(() => world.node.called('leavePeer').length === 1);
  await eventually(() => world.gateway.switchboard.sessions.size === 0);
  expect(world.node.called('updatePeer')).toHaveLength(4);
  expect(clock.now(), 'without any time passing').toBe(0);
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
