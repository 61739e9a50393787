import type { Endpoint, RoomId } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { type Addressee, Notices } from '../../../apps/media-node/src/notices/notices.ts';

const room = 'demo' as RoomId;

function start() {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const notify = (gateway: string, _topic: string, body: { event: unknown }) => told.push([gateway, body.event]);
  return { clock, told, notices: new Notices({ endpoint: { notify } as unknown as Endpoint, clock }) };
}

const peerWith = (...consumers: string[]) =>
  ({
    id: 'ann',
    record: { gateway: 'g', sessionId: 's' },
    consumers: new Map(consumers.map((id) => [id, {}])),
  }) as unknown as Addressee;

const score = (consumerId: string, value: number) =>
  ({ type: 'scoreChanged', consumerId, score: value, producerScore: 10 }) as const;

it('[NO54] scores and layers are gathered for a moment, and only the newest is told', async () => {
  const { clock, told, notices } = start();
  const ann = peerWith('c', 'd');
  const layers = { type: 'layersChanged', consumerId: 'c', layers: null } as const;
  notices.tellSoon(room, ann, score('c', 1));
  notices.tellSoon(room, ann, layers);
  notices.tellSoon(room, ann, score('d', 7));
  notices.tellSoon(room, ann, score('c', 9));
  expect(told).toEqual([]);
  await clock.advance(100);
  expect(told).toEqual([
    ['g', score('c', 9)],
    ['g', layers],
    ['g', score('d', 7)],
  ]);
  await clock.advance(1000);
  expect(told).toHaveLength(3);
  notices.tellSoon(room, ann, score('c', 2));
  await clock.advance(100);
  expect(told.at(-1)).toEqual(['g', score('c', 2)]);
});

it('[NO54] nothing is told of a consumer that has closed meanwhile', async () => {
  const { clock, told, notices } = start();
  notices.tellSoon(room, peerWith(), score('c', 1));
  await clock.advance(100);
  expect(told).toEqual([]);
});
