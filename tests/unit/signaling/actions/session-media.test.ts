import type { ConsumerId } from '@sluice/shared';
import { expect, test } from 'vitest';
import { SessionMedia } from '../../../../apps/signaling/src/session/media.ts';

const consumer = (id: string, producerId: string) =>
  ({ id, producerId, peerId: 'p', kind: 'video', type: 'simulcast', producerPaused: false, path: 'router' }) as never;

test('[NO41] what a client set of a consumer goes with it to its next place, and on to the one after', () => {
  const media = new SessionMedia();
  const consumerId = 'c1' as ConsumerId;
  media.note('consume', { paused: false } as never, { consumers: [consumer('c1', 'camera')], failed: [] });
  media.note('setPriority', { consumerId, priority: 200 }, {});
  media.note('setPreferredLayers', { consumerId, spatialLayer: 1 }, {});
  const set = { producerId: 'camera', priority: 200, preferredLayers: { spatialLayer: 1 } };
  expect(media.carried()).toEqual([{ ...set, consumerId: 'c1', paused: false }]);
  media.hear({ type: 'consumerAdded', consumer: consumer('c2', 'camera'), replaces: 'c1' });
  expect(media.carried()).toEqual([{ ...set, consumerId: 'c2', paused: true }]);
});
