import type { PeerId, RoomId } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { ResumeGuard, type ResumeScope } from '../../../../apps/signaling/src/actions/resuming/resume-guard.ts';
import { newResumeToken } from '../../../../apps/signaling/src/actions/resuming/resume-token.ts';
import { demo, joinWith, type JoinedSocket, type TestGateway, World } from '../support/world.ts';

const right = newResumeToken();

function guarded() {
  const clock = new ManualClock();
  const limited: ResumeScope[] = [];
  const guard = new ResumeGuard(clock, (scope) => limited.push(scope));
  const attempt = (more: { peerId?: string; token?: string; address?: string; hash?: string } = {}) => {
    const { peerId = 'ann', token = 'wrong', address = '192.0.2.1', hash } = more;
    return guard.begin({ room: 'demo' as RoomId, peerId: peerId as PeerId, token, address, hash });
  };
  const flood = (count: number, more: Parameters<typeof attempt>[0] & { known?: string } = {}) => {
    for (let index = 0; index < count; index++) {
      try {
        attempt(more).end('wrong', more.known);
      } catch {
        // Counted.
      }
    }
  };
  return { clock, guard, limited, attempt, flood };
}

test('[GW37] ten wrong tokens for one peer, then one a second', async () => {
  const { clock, limited, attempt, flood } = guarded();
  flood(10);
  expect(limited).toEqual([]);
  expect(() => attempt()).toThrow(expect.objectContaining({ code: 'tooManyRequests', temporary: true }));
  expect(limited).toEqual(['peer']);
  attempt({ peerId: 'bob' }).end('wrong', undefined);
  await clock.advance(1000);
  attempt().end('wrong', undefined);
  expect(() => attempt()).toThrow(expect.objectContaining({ code: 'tooManyRequests' }));
});

test('[GW37] what went right, or could not be found out, is not counted', () => {
  const { limited, attempt } = guarded();
  for (let index = 0; index < 1000; index++) attempt({ token: right.token }).end('right', right.hash);
  for (let index = 0; index < 1000; index++) attempt({ peerId: 'bob' }).end('unknown', undefined);
  expect(limited).toEqual([]);
});

test('[GW37] the right token passes while others spend the limit on wrong ones', () => {
  const { attempt, flood, limited } = guarded();
  flood(100, { known: right.hash });
  expect(limited.length).toBeGreaterThan(0);
  attempt({ token: right.token }).end('right', right.hash);
  expect(() => attempt()).toThrow(expect.objectContaining({ code: 'tooManyRequests' }));
});

test('[GW37] one address is limited over many peers; who can be known without asking passes there too', async () => {
  const { clock, limited, attempt, flood } = guarded();
  for (let index = 0; index < 100; index++) flood(1, { peerId: `peer-${index}` });
  expect(limited).toEqual([]);
  expect(() => attempt({ peerId: 'next' })).toThrow(expect.objectContaining({ code: 'tooManyRequests' }));
  expect(limited).toEqual(['address']);
  attempt({ token: right.token, hash: right.hash }).end('right', right.hash);
  attempt({ peerId: 'next', address: '192.0.2.2' }).end('wrong', undefined);
  await clock.advance(100);
  attempt({ peerId: 'next' }).end('wrong', undefined);
});

test('[GW37] an IPv6 host has one limit for its whole /64, an IPv4 one that comes as IPv6 its own', () => {
  const { limited, flood } = guarded();
  const address = (tail: string) => `2001:0db8:0000:0001:0000:0000:0000:${tail}`;
  for (let index = 0; index < 101; index++) flood(1, { peerId: `a-${index}`, address: address(String(1000 + index)) });
  expect(limited).toEqual(['address']);
  for (let index = 0; index < 101; index++) {
    flood(1, { peerId: `b-${index}`, address: `0000:0000:0000:0000:0000:ffff:c000:${1000 + index}` });
  }
  expect(limited).toEqual(['address']);
});

test('[GW37] a million peers and addresses are not remembered', () => {
  const { guard, attempt } = guarded();
  for (let index = 0; index < 30_000; index++) {
    attempt({ peerId: `p-${index}`, address: `a-${index}` }).end('wrong', undefined);
  }
  expect(guard.size).toBe(20_000);
});

let tries = 0;

const resume = (gateway: TestGateway, { joined }: JoinedSocket, resumeToken: unknown, address?: string) => {
  const socket = gateway.connect();
  if (address !== undefined) socket.address = address;
  const { peerId, epoch, seq } = joined;
  return socket.ask({ action: 'resume', room: demo, peerId, resumeToken, epoch, seq, id: ++tries });
};

test('[GW37] forged, old and foreign tokens are rejected, and the peer stays where it is', async () => {
  await using world = await World.create();
  const { gateway } = world;
  const old = await gateway.join({ peerId: 'ann' });
  const ann = await gateway.join({ peerId: 'ann', resumeToken: old.joined['resumeToken'] });
  const bob = await gateway.join({ peerId: 'bob' });
  for (const token of ['x', newResumeToken().token, old.joined['resumeToken'], bob.joined['resumeToken']]) {
    expect(await resume(gateway, ann, token)).toMatchObject({ code: 'resumeRejected', temporary: false });
  }
  expect(ann.closedWith).toBeUndefined();
  expect(world.node.called('attachPeer')).toEqual([]);
  expect(await resume(gateway, ann, ann.joined['resumeToken'])).toMatchObject({ type: 'resumed' });
  expect(gateway.switchboard.rooms.size).toBe(1);
});

test('[GW37] a flood of wrong tokens reads no rooms, is counted, and locks nobody out', async () => {
  // The limits grow with the clock's time: on this one none passes, however long the machine takes.
  await using world = await World.create({ clock: new ManualClock() });
  const other = await world.addGateway();
  const ann = await world.gateway.join({ peerId: 'ann' });
  const bob = await joinWith(world.gateway.connect(), { peerId: 'bob' });
  let reads = 0;
  const { directory } = other;
  const snapshot = directory.snapshot.bind(directory);
  directory.snapshot = (room) => {
    reads++;
    return snapshot(room);
  };
  const answers: unknown[] = [];
  for (let index = 0; index < 50; index++) answers.push((await resume(other, ann, `forged-${index}`))['code']);
  expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'resumeRejected'));
  expect(new Set(answers.slice(10))).toEqual(new Set(['tooManyRequests']));
  expect(reads).toBe(10);
  expect(other.switchboard.rooms.size).toBe(0);
  const text = await other.metrics.metrics();
  expect(text).toMatch(/sfu_gateway_rate_limited_total\{scope="resumePeer"\} 40\n/);
  expect(await resume(other, ann, ann.joined['resumeToken'])).toMatchObject({ type: 'resumed' });
  expect(await resume(other, bob, bob.joined['resumeToken'])).toMatchObject({ type: 'resumed' });
});
