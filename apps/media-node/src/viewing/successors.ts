import type { CarriedConsumer, Clock, ConsumerId, ProducerId, ProducerRecord } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { consumeOne, consumerClosed, giveUpWaiting, lostGraceMs } from './consume.ts';
import { consumerIdOf, describeCarried } from '../mediasoup/consumers.ts';
import type { types } from '../mediasoup/types.ts';
import type { Peer } from '../room/peer.ts';
import type { Slice } from '../room/slice.ts';

export const wasLost = (reason: string | undefined): boolean => reason === 'nodeLost' || reason === 'workerLost';

/**
 * A producer may come in the place of another: everyone here who watched that one and understands gets this one too.
 */
export function replaceConsumers(slice: Slice, successor: ProducerRecord): void {
  const { replaces: replaced } = successor;
  if (replaced === undefined) return;
  for (const peer of slice.peers.values()) {
    if (!peer.understands('replace')) continue;
    for (const consumer of consumersOf(peer, replaced)) {
      void replaceConsumer(slice, peer, describeCarried(consumer), successor);
    }
    for (const carried of peer.awaitingSuccessor.values()) {
      if (carried.producerId === replaced) void replaceConsumer(slice, peer, carried, successor);
    }
  }
}

/** Most peers of a room consume no more than some of its producers. */
function consumersOf(peer: Peer, producerId: ProducerId): types.Consumer[] {
  if (!peer.consumerQuota.has(producerId)) return [];
  const consumers = Array.from(peer.consumers.values(), ({ consumer }) => consumer);
  return consumers.filter((consumer) => consumer.producerId === producerId);
}

/** True when there is nothing left to do for it. */
export async function replaceConsumer(
  slice: Slice,
  peer: Peer,
  old: CarriedConsumer,
  successor: ProducerRecord,
): Promise<boolean> {
  const { consumerId: replaces, preferredLayers, priority } = old;
  try {
    await peer.mailbox.run(async () => {
      const { rtpCapabilities } = peer;
      if (peer.closed || peer.movedAway || !rtpCapabilities) return;
      const transport = peer.receivingTransport();
      const how = { transport, rtpCapabilities, paused: true, preferredLayers, priority };
      const consumer = await consumeOne({ slice, peer }, successor.producerId, how);
      peer.awaitingSuccessor.delete(replaces);
      peer.noteReplacement(consumer.id as ConsumerId);
      slice.tell(peer, { type: 'consumerAdded', consumer, replaces });
    });
    return true;
  } catch (error) {
    slice.log.debug({ code: SluiceError.from(error).code }, 'A replaced producer could not be consumed in place.');
    return false;
  }
}

/**
 * A producer is gone with its node or worker. Those who can swap keep their consumer, and its last frame, until its
 * successor is there or the grace is over; the others are told at once.
 */
export function keepLost(slice: Slice, clock: Clock, producerId: ProducerId): void {
  for (const peer of slice.peers.values()) {
    if (peer.understands('replace')) continue;
    for (const consumer of consumersOf(peer, producerId)) {
      consumer.close();
      slice.tell(peer, consumerClosed(consumerIdOf(consumer)));
    }
  }
  clock.setTimer(() => slice.pipes.producerClosed(producerId), lostGraceMs);
}

/** The room has said that a producer is closed for good: its consumers need not wait for a successor. */
export function stopWaiting(slice: Slice, producerId: ProducerId): void {
  for (const peer of slice.peers.values()) {
    for (const carried of [...peer.awaitingSuccessor.values()]) {
      if (carried.producerId === producerId) giveUpWaiting({ slice, peer }, carried.consumerId);
    }
  }
}
