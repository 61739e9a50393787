import type { Endpoint, ProducerId } from '@sluice/shared';
import type { Slice } from '../room/slice.ts';

/** Milliseconds for the other node to hear what is wanted. */
const askMs = 2000;

/** Tells the node that a producer came from what is wanted of it behind the pipe: −1 for nothing. */
export async function askDemand(
  slice: Slice,
  endpoint: Endpoint,
  producerId: ProducerId,
  maxSpatialLayer: number,
): Promise<void> {
  for (const { producerId: id, end } of slice.pipes.carriages) {
    if (id !== producerId || end.farAddress === undefined) continue;
    const params = {
      room: slice.room,
      askerRouter: end.router.id,
      giverRouter: end.farRouter,
      askerTransportId: end.id,
      producerId,
      maxSpatialLayer,
    };
    await endpoint.call(end.farAddress, 'pipeDemand', params, { ttlMs: askMs });
  }
}
