import { EventEmitter } from 'node:events';
import type { Connection } from '@sluice/client';
import { settle } from '@sluice/shared/testing';
import type { types } from 'mediasoup-client';
import { expect, test } from 'vitest';
import { Publication } from '../../../../packages/client/src/publish/publication.ts';

/** As mediasoup-client's: a change takes a while, and one to what it still is, is taken for none. */
class SlowProducer extends EventEmitter {
  readonly id = 'p';
  readonly kind = 'video';
  layer = 7;

  async setMaxSpatialLayer(layer: number): Promise<void> {
    if (layer === this.layer) return;
    await settle();
    this.layer = layer;
  }
}

test('demand that goes down and up again in one moment ends up', async () => {
  const producer = new SlowProducer();
  const track = { enabled: true } as MediaStreamTrack;
  const publication = new Publication(
    {} as Connection,
    { producer: producer as unknown as types.Producer, paused: false },
    track,
    'camera',
  );
  const told: number[] = [];
  publication.on('demand', (layer) => told.push(layer));
  await Promise.all([publication.applyDemand(-1), publication.applyDemand(7)]);
  expect(producer.layer).toBe(7);
  expect(told).toEqual([-1, 7]);
});
