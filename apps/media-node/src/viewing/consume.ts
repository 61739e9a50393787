import type { CarriedConsumer, ConsumerId, ProducerId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { ConsumerInfo, ConsumerLayers, ReplacingConsumer, RtpCapabilities } from '@sluice/shared/protocol';
import type { types } from '../mediasoup/types.ts';
import {
  consumerIdOf,
  createConsumer,
  describeCarried,
  describeConsumer,
  onceReceiving,
  type PeerConsumer,
  wantedLayer,
  watchQuality,
} from '../mediasoup/consumers.ts';
import type { Reach } from '../pipes/pipes.ts';
import type { PeerPlace } from '../room/peer-place.ts';

/**
 * How long viewers keep the last frame of a producer that was lost with its node or worker, in ms. Longer bridges
 * slower publishers; shorter takes a dead tile away sooner.
 */
export const lostGraceMs = 10_000;

export interface HowToConsume {
  transport: types.WebRtcTransport;
  rtpCapabilities: RtpCapabilities;
  paused: boolean;
  preferredLayers: ConsumerLayers | undefined;
  priority?: number | undefined;
}

/**
 * Brings a producer to the peer's router and consumes it there.
 *
 * @throws producerNotFound, cannotConsume, limitExceeded, or what kept the pipe from being made.
 */
export async function consumeOne(place: PeerPlace, producerId: ProducerId, how: HowToConsume): Promise<ConsumerInfo> {
  const giveBack = place.peer.consumerQuota.reserve(producerId);
  try {
    return await consumeReserved(place, producerId, { ...how, giveBack });
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function consumeReserved(
  place: PeerPlace,
  producerId: ProducerId,
  how: HowToConsume & { giveBack: () => void },
): Promise<ConsumerInfo> {
  const { slice, peer } = place;
  const record = await slice.findRecord(producerId);
  if (record.kind === 'data') throw new SluiceError('producerNotFound', 'This is a data producer.');
  const reach = await slice.pipes.reach(producerId, peer.router);
  try {
    const rtpCapabilities = how.rtpCapabilities as types.RtpCapabilities;
    if (!peer.router.router.canConsume({ producerId, rtpCapabilities })) {
      throw new SluiceError('cannotConsume', 'This client cannot decode that producer.');
    }
    const consumer = await createConsumer({ ...how, record });
    keep(place, consumer, reach, how.giveBack);
    onceReceiving(consumer, how.transport, () => reach.open());
    return describeConsumer(consumer, record, reach.path);
  } catch (error) {
    reach.release();
    throw error;
  }
}

/** What a peer consumed elsewhere, or on a router that is lost, consumed here: whatever can be. Never rejects. */
export async function consumeAgain(
  place: PeerPlace,
  transport: types.WebRtcTransport,
  carried: readonly CarriedConsumer[],
): Promise<ReplacingConsumer[]> {
  const { rtpCapabilities } = place.peer;
  if (!rtpCapabilities) return [];
  const made = await Promise.all(
    carried.map(async (before) => {
      const { consumerId: replaces, producerId, preferredLayers, priority } = before;
      try {
        const how = { transport, rtpCapabilities, paused: true, preferredLayers, priority };
        const successor = place.slice.feed.view.successorOf(producerId) ?? producerId;
        return { ...(await consumeOne(place, successor, how)), replaces };
      } catch {
        // It went with the same loss, and is on its way to its own new place: its successor will find who waits for it.
        awaitSuccessor(place, before);
        return undefined;
      }
    }),
  );
  const again = made.filter((consumer) => consumer !== undefined);
  for (const { id } of again) place.peer.noteReplacement(id as ConsumerId);
  return again;
}

/** Makes the consumer the peer's, until it is closed by whatever comes first. */
function keep({ slice, peer }: PeerPlace, consumer: types.Consumer, reach: Reach, giveBack: () => void): void {
  if (peer.closed || consumer.closed) {
    consumer.close();
    throw new SluiceError('peerNotFound', 'The peer has left.');
  }
  const consumerId = consumerIdOf(consumer);
  const producerId = consumer.producerId as ProducerId;
  const release = () => {
    peer.consumers.delete(consumerId);
    peer.replacements.delete(consumerId);
    giveBack();
    slice.demand.remove(producerId, consumerId);
    reach.release();
  };
  const entry: PeerConsumer = { consumer, path: reach.path, choices: 0, release };
  peer.consumers.set(consumerId, entry);
  consumer.observer.once('close', () => {
    if (peer.router.closed) peer.lostConsumers.push(describeCarried(consumer));
    release();
  });
  consumer.on('producerclose', () => loseProducer({ slice, peer }, consumer));
  watchQuality(consumer, (event) => slice.tellSoon(peer, event));
  slice.demand.set(producerId, consumerId, wantedLayer(consumer));
}

/** It is closed for good, or lost with its worker, or its pipe was. */
function loseProducer({ slice, peer }: PeerPlace, consumer: types.Consumer): void {
  const carried = describeCarried(consumer);
  const { consumerId, producerId } = carried;
  const pipeLost = slice.livesElsewhere(producerId);
  if (!peer.understands('replace') || slice.isGone(producerId)) {
    slice.tell(peer, consumerClosed(consumerId, pipeLost ? 'pipeLost' : 'producerClosed'));
    return;
  }
  awaitSuccessor({ slice, peer }, carried);
  if (pipeLost) slice.events.consumerLost(slice, peer, carried);
}

/**
 * A consumer is gone though the room hasn't said that its producer is: a worker or a pipe was lost. One that
 * understands keeps its last frame, until a successor comes, the room says that there will be none, or the wait is
 * over.
 */
function awaitSuccessor({ slice, peer }: PeerPlace, carried: CarriedConsumer): void {
  const { consumerId } = carried;
  peer.awaitingSuccessor.set(consumerId, carried);
  slice.clock.setTimer(() => giveUpWaiting({ slice, peer }, consumerId), lostGraceMs);
}

/** No successor will come in its place. */
export function giveUpWaiting({ slice, peer }: PeerPlace, consumerId: ConsumerId): void {
  if (peer.awaitingSuccessor.delete(consumerId)) slice.tell(peer, consumerClosed(consumerId));
}

export const consumerClosed = (consumerId: ConsumerId, reason: 'producerClosed' | 'pipeLost' = 'producerClosed') =>
  ({ type: 'consumerClosed', consumerId, reason }) as const;
