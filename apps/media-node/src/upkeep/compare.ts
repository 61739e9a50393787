import { isDeepStrictEqual } from 'node:util';
import type { Change } from '@sluice/shared';
import type { Slice } from '../room/slice.ts';

/**
 * What has to be written so that the room's records say what this node holds. The truth is here: what the directory has
 * lost or has otherwise is written again, what it has too much is taken out.
 */
export function differencesOf(slice: Slice): Change[] {
  return [...peersOf(slice), ...producersOf(slice), ...peersLeft(slice)];
}

function peersOf(slice: Slice): Change[] {
  return slice.entered().flatMap(({ id, record }): Change[] => {
    const told = slice.feed.view.peers.get(id);
    if (!told || told.generation < record.generation) return [{ type: 'restorePeer', peer: record }];
    const isOther = told.boot === record.boot && !isDeepStrictEqual(told, record);
    return isOther ? [{ type: 'updatePeer', peer: record }] : [];
  });
}

function producersOf(slice: Slice): Change[] {
  const { producers: told } = slice.feed.view;
  const changes: Change[] = [];
  for (const own of [...slice.producers]) {
    const { producerId, paused } = own.record;
    if (own.producer.closed) slice.producers.close(own);
    if (!own.peer.entered || own.closing || own.producer.closed) continue;
    const record = told.get(producerId);
    if (!record) changes.push({ type: 'restoreProducer', producer: own.record });
    else if (record.paused !== paused) changes.push({ type: 'setProducerPaused', producerId, paused });
  }
  for (const { producerId, boot } of told.values()) {
    if (boot === slice.owner.boot && !slice.producers.get(producerId))
      changes.push({ type: 'removeProducer', producerId });
  }
  return changes;
}

/** Peers that the directory still has under our boot, and that are not here any more. */
function peersLeft(slice: Slice): Change[] {
  const here = new Set(slice.present().map(({ id }) => id));
  return [...slice.feed.view.peers.values()]
    .filter(({ peerId, boot }) => boot === slice.owner.boot && !here.has(peerId))
    .map(({ peerId, resumeHash }) => ({
      type: 'removePeer',
      peerId,
      resumeHash,
      reason: 'disconnected',
      producerIds: [],
    }));
}
