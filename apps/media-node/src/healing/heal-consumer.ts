import { type CarriedConsumer, channels, delay, type ProducerRecord, type Registry } from '@sluice/shared';
import type { PeerPlace } from '../room/peer-place.ts';
import { replaceConsumer } from '../viewing/successors.ts';

export interface HealConsumerOptions {
  readonly registry: Registry;
}

/** Pauses before each try, in ms: all of them together are shorter than a viewer waits with its last frame. */
const pausesMs = [0, 250, 500, 1000, 2000, 4000];

/**
 * The viewer gets another consumer of the producer in the place of the one that went with its pipe. The one that asks first
 * has the pipe made anew.
 */
export async function healConsumer(
  node: HealConsumerOptions,
  place: PeerPlace,
  carried: CarriedConsumer,
): Promise<void> {
  const { slice, peer } = place;
  for (const pause of pausesMs) {
    if (pause > 0) await delay(slice.clock, pause);
    const record = slice.recordOf(carried.producerId);
    // It may have been closed for good since, or got a successor.
    if (!record || peer.closed || !peer.awaitingSuccessor.has(carried.consumerId)) return;
    // The gateways that move a lost node's peers see to a node that is gone.
    const address = channels.node(record.node, record.boot);
    if (!node.registry.nodes().some(({ report }) => report.address === address)) continue;
    if (!(await healOnce(place, carried, record))) continue;
    return slice.metrics.pipeRepairs.inc({ kind: 'consumer', result: 'ok' });
  }
  slice.metrics.pipeRepairs.inc({ kind: 'consumer', result: 'givenUp' });
}

/** The way is made first, which may take a while: the peer's other business does not wait for it. */
async function healOnce({ slice, peer }: PeerPlace, carried: CarriedConsumer, record: ProducerRecord) {
  const reach = await slice.pipes.reach(record.producerId, peer.router).catch(() => undefined);
  if (!reach) return false;
  try {
    return peer.awaitingSuccessor.has(carried.consumerId) && (await replaceConsumer(slice, peer, carried, record));
  } finally {
    reach.release();
  }
}
