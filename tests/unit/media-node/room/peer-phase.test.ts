import type { SliceRouter } from '../../../../apps/media-node/src/mediasoup/slice-router.ts';
import { ManualClock, ownerNamed, peerRecord } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { Peer } from '../../../../apps/media-node/src/room/peer.ts';

function start() {
  const clock = new ManualClock();
  const router = { addPeer: () => undefined, removePeer: () => undefined } as unknown as SliceRouter;
  const peer = new Peer(peerRecord('ann', ownerNamed('a')), router);
  const ended: string[] = [];
  const timer = (name: string, ms: number) => clock.setTimer(() => void ended.push(name), ms);
  return { clock, peer, ended, timer };
}

const at = { epoch: 1, seq: 1 };

test('[NO30] a peer that is attached again has no timer left from when it was detached', async () => {
  const { clock, peer, ended, timer } = start();
  peer.enter(at);
  peer.detach('session', () => [timer('lost', 10), timer('over', 100)]);
  await clock.advance(50);
  peer.attach();
  expect(clock.pending).toBe(0);
  await clock.advance(1000);
  expect(ended).toEqual(['lost']);
  expect(peer.phase).toMatchObject({ name: 'here', attachment: { state: 'attached' } });
});

test('[NO30] a peer that is detached twice keeps the time that it had, and the word of its gateway', async () => {
  const { clock, peer, ended, timer } = start();
  peer.enter(at);
  peer.detach('session', () => [timer('first', 100)]);
  await clock.advance(50);
  peer.detach('gateway', () => [timer('second', 100)]);
  expect(peer.detachCause).toBe('session');
  await clock.advance(50);
  expect([ended, clock.pending]).toEqual([['first'], 0]);
});

test('[NO30] a peer that is detached while it enters is detached when it has', () => {
  const { peer, timer } = start();
  peer.detach('gateway', () => [timer('over', 100)]);
  peer.enter(at);
  expect(peer.phase).toMatchObject({ name: 'here', enteredAt: at, attachment: { state: 'detached' } });
});

test('[NO30] a peer that moved away is neither detached nor attached, and waits for one timer alone', async () => {
  const { clock, peer, timer } = start();
  peer.enter(at);
  peer.detach('session', () => [timer('over', 100)]);
  peer.moveAway(() => timer('abandoned', 200));
  peer.detach('session', () => [timer('again', 100)]);
  peer.attach();
  peer.moveAway(() => timer('twice', 100));
  expect([peer.movedAway, peer.detached, peer.entered, clock.pending]).toEqual([true, false, false, 1]);
});

test('[NO30] a closed peer stays closed, and leaves no timer', () => {
  const { clock, peer, timer } = start();
  peer.enter(at);
  peer.moveAway(() => timer('abandoned', 200));
  peer.close();
  peer.enter(at);
  peer.attach();
  peer.detach('session', () => [timer('over', 100)]);
  expect([peer.phase, clock.pending]).toEqual([{ name: 'closed' }, 0]);
});
