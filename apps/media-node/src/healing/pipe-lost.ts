import type { ProducerId } from '@sluice/shared';
import type { Slice } from '../room/slice.ts';

/** Of a producer whose copy here is gone: whether it lives on another node, as far as the room knows. */
export function isPipeLost(slice: Slice, producerId: ProducerId): boolean {
  const record = slice.recordOf(producerId);
  return record !== undefined && record.boot !== slice.owner.boot && !slice.isGone(producerId);
}
