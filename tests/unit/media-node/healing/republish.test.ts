import { MetricsRegistry, silentLogger, SluiceError } from '@sluice/shared';
import { ownerNamed, peerRecord, producerRecord } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { createNodeMetrics } from '../../../../apps/media-node/src/metrics.ts';
import { republish } from '../../../../apps/media-node/src/upkeep/republish.ts';

const owner = ownerNamed('a');
const [ann, bob] = [peerRecord('ann', owner), peerRecord('bob', owner)];

/** A slice with two peers and one camera, as far as it is asked here. */
function lostSlice(restore: () => Promise<void>) {
  const peers = [ann, bob].map((record) => ({ record, entered: true }));
  const producers = [{ peer: peers[0], record: producerRecord('camera', ann) }];
  return { room: 'demo', lost: false, entered: () => peers, producers, restore };
}

async function repairsAfter(restore: () => Promise<void>): Promise<string[]> {
  const registry = new MetricsRegistry();
  const metrics = createNodeMetrics(registry, () => {
    throw new Error('No gauge is asked for.');
  });
  await republish({ metrics, log: silentLogger }, lostSlice(restore) as never);
  const text = await registry.getSingleMetricAsString('sfu_registry_drift_total');
  return text.split('\n').filter((line) => line.startsWith('sfu_'));
}

test('[NO12] what is written again into a room that was lost is counted by kind', async () => {
  expect(await repairsAfter(async () => undefined)).toEqual([
    'sfu_registry_drift_total{kind="room"} 1',
    'sfu_registry_drift_total{kind="restorePeer"} 2',
    'sfu_registry_drift_total{kind="restoreProducer"} 1',
  ]);
});

test('[NO12] what could not be written is not', async () => {
  const away = async () => {
    throw new SluiceError('coordinatorUnavailable', 'Away.');
  };
  expect(await repairsAfter(away)).toEqual([]);
});
