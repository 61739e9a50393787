import type { Change, Logger } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { NodeMetrics } from '../metrics.ts';
import type { Slice } from '../room/slice.ts';

export interface RepublishOptions {
  readonly log: Logger;
  readonly metrics: NodeMetrics;
}

/**
 * The directory has lost a room, or what this node holds of it: everyone who holds a part of it writes that part again.
 * What it has already just so stays as it is. Where the directory can't be reached the slice stays `lost`, and the sweep asks
 * again.
 */
export async function republish({ metrics, log }: RepublishOptions, slice: Slice): Promise<void> {
  slice.lost = true;
  if (slice.fenced || slice.closed) return;
  const changes: Change[] = slice.entered().map(({ record }) => ({ type: 'restorePeer', peer: record }));
  for (const { peer, record } of slice.producers) {
    if (peer.entered) changes.push({ type: 'restoreProducer', producer: record });
  }
  try {
    await slice.restore(changes);
    slice.lost = false;
    metrics.repairs.inc({ kind: 'room' });
    for (const { type } of changes) metrics.repairs.inc({ kind: type });
  } catch (error) {
    log.debug({ room: slice.room, code: SluiceError.from(error).code }, 'A lost room will be written again later.');
  }
}
