import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { addressOf, hostOf } from '../../../../apps/signaling/src/socket/address.ts';
import { Admission } from '../../../../apps/signaling/src/socket/admission.ts';
import { eventually } from '../support/eventually.ts';
import type { FakeNode } from '../support/fake-node.ts';
import { demo, type JoinedSocket, World } from '../support/world.ts';

test('[GW46] a connection that never joins is closed with 4003 after ten seconds, and counted', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, settings: { MAX_SESSIONS: '20' } });
  const idle = Array.from({ length: 20 }, () => world.gateway.connect());
  const ann = await world.gateway.join();
  await clock.advance(9999);
  expect(idle.map(({ closedWith }) => closedWith)).toEqual(idle.map(() => undefined));
  // What is refused for want of a join is no join.
  idle[0]?.say({ action: 'restartIce', transportId: 't', id: 1 });
  await clock.advance(1);
  expect(idle.map(({ closedWith }) => closedWith)).toEqual(idle.map(() => 4003));
  await clock.advance(60_000);
  expect(ann.closedWith).toBeUndefined();
  await eventually(() => world.gateway.switchboard.sessions.size === 1);
  expect(await world.gateway.metrics.metrics()).toContain('connections_closed_total{reason="unjoined"} 20');
});

test('[GW46] the time begins anew after a join that failed, and after a leave; a join under way is not cut short', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, settings: { UNJOINED_MS: '1000', ACTION_DEADLINE_MS: '3000' } });
  const ann = world.gateway.connect();
  world.node.on('joinPeer', () => new Promise(() => undefined));
  ann.say({ action: 'join', room: demo, id: 1 });
  await clock.advance(2900);
  expect(ann.closedWith).toBeUndefined();
  await clock.advance(200);
  expect(ann.of('error')).toMatchObject([{ code: 'deadlineExceeded' }]);
  await clock.advance(800);
  expect(ann.closedWith).toBeUndefined();
  world.node.on('joinPeer', (params) => world.node.answer('joinPeer', params));
  await ann.ask({ action: 'join', room: demo, id: 2 });
  await clock.advance(5000);
  await ann.ask({ action: 'leave', id: 3 });
  await clock.advance(999);
  expect(ann.closedWith).toBeUndefined();
  await clock.advance(1);
  expect(ann.closedWith).toBe(4003);
});

const resumption = ({ joined }: JoinedSocket) => {
  const { peerId, epoch, seq } = joined;
  return { action: 'resume', room: demo, peerId, resumeToken: joined['resumeToken'], epoch, seq, id: 'resume' };
};

test('[GW47] of a storm of resumes some are served at a time, the others wait, and those who wait too long come again', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  const speaker = await world.gateway.join();
  const peers = await Promise.all(Array.from({ length: 400 }, () => world.gateway.join()));
  for (const peer of peers) peer.lose();
  await eventually(() => world.node.called('detachPeer').length === 400);
  const answers: (() => void)[] = [];
  world.node.on('attachPeer', async (params) => {
    const answer = Promise.withResolvers<void>();
    answers.push(answer.resolve);
    await answer.promise;
    return world.node.answer('attachPeer', params);
  });
  const sockets = peers.map((peer) => {
    const socket = world.gateway.connect();
    socket.say(resumption(peer));
    return socket;
  });
  const resumed = () => sockets.filter((socket) => socket.of('resumed').length > 0).length;
  await clock.advance(100);
  expect(answers).toHaveLength(128);
  expect((await speaker.ask({ action: 'sendMessage', payload: 1, id: 1 })).type, 'the others go on').toBe(
    'messageSent',
  );
  for (const answer of answers.splice(0, 50)) answer();
  await clock.advance(100);
  expect([resumed(), answers.length]).toEqual([50, 128]);
  await clock.advance(900);
  const refused = sockets.flatMap((socket) => socket.of('error'));
  expect(refused.length).toBe(400 - 50 - answers.length);
  expect(refused.length).toBeGreaterThan(50);
  for (const { code, temporary, details } of refused) {
    expect([code, temporary]).toEqual(['tooManyRequests', true]);
    expect(details).toMatchObject({ limit: 'entries' });
  }
  const waits = refused.map(({ details }) => (details as { retryAfterMs: number }).retryAfterMs);
  expect(Math.max(...waits) - Math.min(...waits), 'each comes again at a time of its own').toBeGreaterThan(500);
  for (const answer of answers.splice(0)) answer();
  await clock.advance(100);
  expect(resumed()).toBe(400 - refused.length);
});

test('[GW47] joins that hang at a frozen node keep those at another from coming in for half a second at most', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const [frozen, well] = world.nodes as [FakeNode, FakeNode];
  frozen.on('joinPeer', () => new Promise(() => undefined));
  for (let count = 0; count < 128; count++) {
    world.gateway.connect().say({ action: 'join', room: demo, node: frozen.id, id: 1 });
  }
  const others = Array.from({ length: 20 }, () => world.gateway.connect());
  for (const other of others) other.say({ action: 'join', room: 'other', node: well.id, id: 1 });
  await clock.advance(400);
  expect(well.called('joinPeer')).toEqual([]);
  await clock.advance(200);
  expect(others.map((other) => other.of('joined').length)).toEqual(others.map(() => 1));
  await clock.advance(3000);
});

test('[GW47] who goes while waiting for its turn is not resumed for', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock });
  world.node.on('joinPeer', () => new Promise(() => undefined));
  const sockets = Array.from({ length: 129 }, () => world.gateway.connect());
  for (const socket of sockets) socket.say({ action: 'join', room: demo, id: 1 });
  await clock.advance(0);
  sockets.at(-1)?.disconnect();
  await clock.advance(900);
  world.node.on('joinPeer', (params) => world.node.answer('joinPeer', params));
  await clock.advance(3000);
  expect(world.node.called('joinPeer')).toHaveLength(128);
  expect(world.gateway.switchboard.sessions.size).toBe(128);
});

test('[GW48] connections of one address are counted for its host', () => {
  const admission = new Admission({ maxSockets: 10, maxSocketsPerAddress: 2 });
  for (const address of ['2001:db8:0:1::1', '2001:0db8:0000:0001:ffff:0000:0000:0002', '192.0.2.1']) {
    expect(admission.refusalOf(address)).toBeUndefined();
    admission.add(address);
  }
  expect(admission.refusalOf('2001:db8:0:1::9')).toBe('address');
  expect(admission.refusalOf('2001:db8:0:2::9')).toBeUndefined();
  expect(admission.refusalOf('::ffff:192.0.2.1')).toBeUndefined();
  admission.add('::ffff:192.0.2.1');
  expect(admission.refusalOf('192.0.2.1')).toBe('address');
  admission.remove('192.0.2.1');
  expect(admission.refusalOf('192.0.2.1')).toBeUndefined();
});

test('[GW48] without a limit for each address only their sum counts', () => {
  const admission = new Admission({ maxSockets: 3, maxSocketsPerAddress: 0 });
  for (let count = 0; count < 3; count++) admission.add('192.0.2.1');
  expect(admission.refusalOf('192.0.2.2')).toBe('full');
});

for (const [address, host] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1'],
  ['2001:DB8:0:1::', '2001:db8:0:1'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['nonsense', 'nonsense'],
] as const) {
  test(`[GW48] the host of ${address} is ${host}`, () => expect(hostOf(address)).toBe(host));
}

for (const [forwarded, address] of [
  ['', '10.0.0.1'],
  ['198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['203.0.113.9, unknown', '10.0.0.1'],
  ['x'.repeat(100_000), '10.0.0.1'],
  [',,,', '10.0.0.1'],
] as const) {
  test(`[GW48] a client that a proxy says is at "${forwarded.slice(0, 40)}" is taken to be at ${address}`, () => {
    expect(addressOf('10.0.0.1', forwarded)).toBe(address);
  });
}
