import type { Clock } from '@sluice/shared';
import type { types } from '../mediasoup/types.ts';

/**
 * A simulcast consumer of a new producer stays at the lowest temporal layer until the worker shares its bitrate anew,
 * which it does once a second, or when preferred layers change. Twice, since it must be a change.
 */
export function kickLayers(clock: Clock, consumer: types.Consumer): void {
  if (consumer.type !== 'simulcast') return;
  const wanted = consumer.preferredLayers ?? { spatialLayer: 7, temporalLayer: 7 };
  const { spatialLayer, temporalLayer = 7 } = wanted;
  const set = (layers: types.ConsumerLayers) => {
    // It may have closed by now; then there is nothing to share.
    if (!consumer.closed) consumer.setPreferredLayers(layers).catch(() => undefined);
  };
  clock.setTimer(() => set({ spatialLayer, temporalLayer: Math.max(0, temporalLayer - 1) }), 250);
  clock.setTimer(() => set({ spatialLayer, temporalLayer }), 350);
}
