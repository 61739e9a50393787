import type { ResumedReply, RoomState } from '@sluice/shared/protocol';
import { dispatch, occur, reportUnfit, type RoomParts } from './room-dispatch.ts';
import { difference } from './snapshot-difference.ts';

/** Catches up with the room: what was missed happens now, in order, and nothing happens twice. */
export function applyResumed(parts: RoomParts, { events, snapshot }: ResumedReply): void {
  for (const event of events ?? []) dispatch(parts, event);
  if (snapshot) applySnapshot(parts, snapshot);
}

/** The room as it is, in place of events that are not to be had: the difference happens now. */
export function applySnapshot(parts: RoomParts, snapshot: RoomState): void {
  if (!isAhead(parts, snapshot)) return;
  try {
    for (const event of difference(parts.picture, snapshot, parts.selfId)) occur(parts, event);
  } catch (error) {
    reportUnfit(parts, error);
  }
  parts.picture.moveTo(snapshot);
}

/** The connection before may have stood meanwhile, and brought later events than the snapshot knows. */
function isAhead({ picture }: RoomParts, position: { epoch: number; seq: number }): boolean {
  return picture.isNew(position) || (position.epoch === picture.epoch && position.seq === picture.seq);
}
