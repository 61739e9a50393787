import type { PeerId, Speaker } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import type { SliceRouter } from '../../../apps/media-node/src/mediasoup/slice-router.ts';
import { Speakers } from '../../../apps/media-node/src/notices/speakers.ts';

const [one, other] = [{ id: 'one' }, { id: 'other' }] as unknown as [SliceRouter, SliceRouter];

function start() {
  const clock = new ManualClock();
  const told: string[] = [];
  const say = (speakers: readonly Speaker[]) => told.push(speakers.map(({ peerId }) => peerId).join(' '));
  const peerOf = (producerId: string) => (producerId === 'gone' ? undefined : (producerId as PeerId));
  return { clock, told, speakers: new Speakers({ clock, peerOf, tell: say }) };
}

const loud = (...pairs: [string, number][]) => pairs.map(([producerId, volume]) => ({ producerId, volume }));

it('[NO57] a change of speakers is told, other volumes of the same ones are not', () => {
  const { told, speakers } = start();
  speakers.heard(one, loud(['ann', -20], ['bob', -30]));
  speakers.heard(one, loud(['ann', -21], ['bob', -29]));
  speakers.heard(one, loud(['bob', -10], ['ann', -29]));
  speakers.heard(one, []);
  speakers.heard(one, []);
  expect(told).toEqual(['ann bob', 'bob ann', '']);
  speakers.close();
});

it('[NO57] the routers of a node are one list; what a lost router heard is forgotten', () => {
  const { told, speakers } = start();
  speakers.heard(one, loud(['ann', -20], ['gone', -1]));
  speakers.heard(other, loud(['bob', -10]));
  speakers.routerLost(other);
  speakers.routerLost(one);
  expect(told).toEqual(['ann', 'bob ann', 'ann', '']);
  speakers.close();
});

it('[NO57] speakers are told again while they speak, and silence once, for whom a notice was lost', async () => {
  const { clock, told, speakers } = start();
  speakers.heard(one, loud(['ann', -20]));
  await clock.advance(6500);
  expect(told).toEqual(['ann', 'ann', 'ann']);
  speakers.heard(one, []);
  await clock.advance(60_000);
  expect(told).toEqual(['ann', 'ann', 'ann', '', '']);
  expect(clock.pending).toBe(0);
});
