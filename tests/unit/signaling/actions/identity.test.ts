import { ManualClock, settle } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { demo, type JoinedSocket, type TestGateway, World } from '../support/world.ts';

const joinAs = (gateway: TestGateway, fields: Record<string, unknown>) =>
  gateway.connect().ask({ action: 'join', room: demo, id: 1, ...fields });

const tokenOf = ({ joined }: JoinedSocket) => joined['resumeToken'];

/** The owner of a peer that others have tried to become: nothing was closed, nothing was told. */
async function expectUntouched(ann: JoinedSocket): Promise<void> {
  await settle();
  expect(ann.closedWith).toBeUndefined();
  expect(ann.events.filter(({ type }) => type !== 'peerJoined')).toEqual([]);
  expect(await ann.ask({ action: 'updatePeer', name: 'Ann', id: 2 })).toMatchObject({ type: 'ok' });
}

test('[DI40] a peer id that is in the room is forbidden without its token, and its owner notices nothing', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  const ann = await world.gateway.join({ peerId: 'ann' });
  const bob = await world.gateway.join({ peerId: 'bob' });
  for (const gateway of [world.gateway, other]) {
    for (const resumeToken of [undefined, 'wrong', tokenOf(bob)]) {
      const fields = { peerId: 'ann', ...(resumeToken !== undefined && { resumeToken }) };
      expect(await joinAs(gateway, fields)).toMatchObject({ type: 'error', code: 'forbidden', temporary: false });
    }
  }
  expect(world.node.called('joinPeer')).toHaveLength(2);
  await expectUntouched(ann);
});

test('[DI40] a gateway whose picture lacks the peer asks its node, and is refused there', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  await other.join({ peerId: 'eve' });
  other.bus.hears = (channel) => !channel.includes('room');
  const ann = await world.gateway.join({ peerId: 'ann' });
  expect(await joinAs(other, { peerId: 'ann' })).toMatchObject({ code: 'forbidden' });
  expect(world.node.called('joinPeer').length).toBe(3);
  await expectUntouched(ann);
});

test('[DI40] of two that join under one new id in the same instant, by two gateways, one is in', async () => {
  await using world = await World.create({ nodes: 2 });
  const other = await world.addGateway();
  const answers = await Promise.all([world.gateway, other].map((gateway) => joinAs(gateway, { peerId: 'ann' })));
  expect(answers.map(({ type }) => type).sort()).toEqual(['error', 'joined']);
  expect(answers.find(({ type }) => type === 'error')).toMatchObject({ code: 'forbidden' });
  expect((await world.directory.snapshot(demo))?.peers).toHaveLength(1);
});

test('[DI40] an id is free once its peer has left, also where that was not heard', async () => {
  await using world = await World.create();
  const other = await world.addGateway();
  await other.join({ peerId: 'eve' });
  const ann = await world.gateway.join({ peerId: 'ann' });
  await settle();
  other.bus.hears = (channel) => !channel.includes('room');
  await ann.ask({ action: 'leave', id: 2 });
  expect(await joinAs(other, { peerId: 'ann' })).toMatchObject({ type: 'joined', peerId: 'ann' });
});

test('[DI40] a peer whose session or node is lost keeps its id for whoever has its token', async () => {
  const clock = new ManualClock();
  await using world = await World.create({ clock, nodes: 2, settings: { ALLOW_NODE_CHOICE: 'true' } });
  const ann = await world.gateway.join({ peerId: 'ann', node: 'node-1' });
  ann.lose();
  await settle();
  expect(await joinAs(world.gateway, { peerId: 'ann' })).toMatchObject({ code: 'forbidden' });
  await world.node.die();
  await clock.advance(1500);
  expect(await joinAs(world.gateway, { peerId: 'ann' })).toMatchObject({ code: 'forbidden' });
  const again = await joinAs(world.gateway, { peerId: 'ann', resumeToken: tokenOf(ann) });
  expect(again).toMatchObject({ type: 'joined', peerId: 'ann', node: 'node-2' });
  expect(again['resumeToken']).not.toBe(tokenOf(ann));
});

test('[DI41] a token is refused where no keys can check it, before anything is done', async () => {
  await using world = await World.create();
  const refused = await joinAs(world.gateway, { token: 'signed.by.somebody' });
  expect(refused).toMatchObject({ type: 'error', code: 'unauthorized', temporary: false });
  expect(world.gateway.switchboard.rooms.size).toBe(0);
  expect(world.node.called('joinPeer')).toEqual([]);
  await eventually(async () => (await joinAs(world.gateway, {})).type === 'joined');
});
