import type { types } from 'mediasoup';

/**
 * Asks the producers of these consumers for key frames: once for each stream, however many consumers watch it. A pipe's
 * consumer carries all of its producer's streams, and asks for each.
 */
export function askForKeyFrames(consumers: Iterable<types.Consumer>): void {
  const asked = new Set<string>();
  const watching = [...consumers].filter(
    ({ kind, paused, producerPaused }) => kind === 'video' && !paused && !producerPaused,
  );
  const piped = new Set(watching.filter(({ type }) => type === 'pipe').map(({ producerId }) => producerId));
  for (const consumer of watching) {
    const { producerId, currentLayers, type } = consumer;
    if (type !== 'pipe' && piped.has(producerId)) continue;
    const stream = type === 'pipe' ? producerId : `${producerId} ${currentLayers?.spatialLayer}`;
    if (asked.has(stream)) continue;
    asked.add(stream);
    // What fails here is a consumer that has closed meanwhile.
    consumer.requestKeyFrame().catch(() => undefined);
  }
}
