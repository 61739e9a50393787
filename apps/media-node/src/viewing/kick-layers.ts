import type { Clock } from '@sluice/shared';
import type { PeerConsumer } from '../mediasoup/consumers.ts';
import type { types } from '../mediasoup/types.ts';
import type { Peer } from '../room/peer.ts';

/** After the consumer is resumed, in ms: by then its first packets have shown what the way to the viewer bears. */
const lowerAfterMs = 250;
/** How long it stays lowered, in ms: the worker takes the two for two changes. */
const restoreAfterMs = 100;

/**
 * A simulcast consumer of a new producer stays at the lowest temporal layer until the worker shares its bitrate anew,
 * which it does once a second, or when preferred layers change. So they are lowered by one and restored. Both are done
 * between the peer's own operations, on the layers that it wants by then: where it has chosen others since, those stay.
 */
export function kickLayers(clock: Clock, peer: Peer, entry: PeerConsumer): void {
  const { consumer } = entry;
  if (consumer.type !== 'simulcast') return;
  later(clock, peer, lowerAfterMs, async () => {
    const wanted = consumer.preferredLayers ?? { spatialLayer: 7, temporalLayer: 7 };
    const { spatialLayer, temporalLayer = 7 } = wanted;
    await set(consumer, { spatialLayer, temporalLayer: Math.max(0, temporalLayer - 1) });
    const { choices } = entry;
    later(clock, peer, restoreAfterMs, async () => {
      if (entry.choices === choices) await set(consumer, { spatialLayer, temporalLayer });
    });
  });
}

function later(clock: Clock, peer: Peer, afterMs: number, act: () => Promise<void>): void {
  // What fails here is a worker that has died.
  clock.setTimer(() => void peer.mailbox.runAlways(act).catch(() => undefined), afterMs);
}

async function set(consumer: types.Consumer, layers: types.ConsumerLayers): Promise<void> {
  // It may have closed by now; then there is nothing to share.
  if (!consumer.closed) await consumer.setPreferredLayers(layers);
}
