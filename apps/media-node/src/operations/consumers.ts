import type { ConsumerId, ProducerId, ProducerRecord } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { ConsumerInfo } from '@sluice/shared/protocol';
import type { types } from '../mediasoup/types.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import { consumeOne, type HowToConsume } from '../viewing/consume.ts';
import { consumerIdOf, type PeerConsumer, wantedLayer } from '../mediasoup/consumers.ts';
import type { Reach } from '../pipes/pipes.ts';
import { kickLayers } from '../viewing/kick-layers.ts';
import { deliverableAs } from '../mediasoup/data-reliability.ts';
import { invalidMedia } from '../mediasoup/errors.ts';
import { nothing, type Operation, onPeer } from './table.ts';

export const consume: Operation<'consume'> = onPeer<'consume'>(async (place, params) => {
  const { peer } = place;
  const transport = peer.receivingTransport(params.transportId);
  if (params.rtpCapabilities) peer.rtpCapabilities = params.rtpCapabilities;
  const { rtpCapabilities } = peer;
  if (!rtpCapabilities) {
    throw new SluiceError('badRequest', 'The first consume must carry rtpCapabilities.', {
      details: { path: 'rtpCapabilities' },
    });
  }
  const how: HowToConsume = {
    transport,
    rtpCapabilities,
    paused: params.paused,
    preferredLayers: params.preferredLayers,
  };
  const outcomes = await Promise.all(params.producerIds.map((producerId) => attempt(place, producerId, how)));
  peer.assertOpen();
  return {
    consumers: outcomes.flatMap((outcome) => ('consumer' in outcome ? [outcome.consumer] : [])),
    failed: outcomes.flatMap((outcome) => ('failed' in outcome ? [outcome.failed] : [])),
  };
});

type Outcome = { consumer: ConsumerInfo } | { failed: { producerId: string; code: string } };

async function attempt(place: PeerPlace, producerId: ProducerId, how: HowToConsume): Promise<Outcome> {
  try {
    return { consumer: await consumeOne(place, producerId, how) };
  } catch (error) {
    return { failed: { producerId, code: SluiceError.from(error).code } };
  }
}

export const pauseConsumers: Operation<'pauseConsumers'> = onPeer<'pauseConsumers'>(async (place, { consumerIds }) =>
  each(place, consumerIds, (consumer) => consumer.pause()),
);

export const resumeConsumers: Operation<'resumeConsumers'> = onPeer<'resumeConsumers'>(
  async (place, { consumerIds }, node) =>
    each(place, consumerIds, async (consumer, entry) => {
      await consumer.resume();
      if (place.peer.replacements.delete(consumerIdOf(consumer))) kickLayers(node.clock, place.peer, entry);
    }),
);

export const closeConsumers: Operation<'closeConsumers'> = onPeer<'closeConsumers'>(
  async ({ peer }, { consumerIds }) => {
    for (const { consumer } of consumerIds.map((id) => peer.consumer(id))) consumer.close();
    return nothing;
  },
);

export const setPreferredLayers: Operation<'setPreferredLayers'> = onPeer<'setPreferredLayers'>(
  async (place, { consumerId, spatialLayer, temporalLayer }) =>
    each(place, [consumerId], (consumer, entry) => {
      entry.choices++;
      return consumer.setPreferredLayers({ spatialLayer, ...(temporalLayer !== undefined && { temporalLayer }) });
    }),
);

export const setPriority: Operation<'setPriority'> = onPeer<'setPriority'>(async (place, { consumerId, priority }) =>
  each(place, [consumerId], (consumer) => consumer.setPriority(priority)),
);

export const requestKeyFrame: Operation<'requestKeyFrame'> = onPeer<'requestKeyFrame'>(async (place, { consumerId }) =>
  each(place, [consumerId], (consumer) => consumer.requestKeyFrame()),
);

/** All are looked up before the first is touched: an unknown one changes nothing. */
async function each(
  { slice, peer }: PeerPlace,
  ids: ConsumerId[],
  act: (consumer: types.Consumer, entry: PeerConsumer) => Promise<void>,
) {
  const entries = ids.map((id) => peer.consumer(id));
  await Promise.all(
    entries.map(async (entry) => {
      const { consumer } = entry;
      await act(consumer, entry);
      if (!consumer.closed) slice.demand.set(consumer.producerId as ProducerId, consumer.id, wantedLayer(consumer));
    }),
  );
  return nothing;
}

export const consumeData: Operation<'consumeData'> = onPeer<'consumeData'>(async ({ slice, peer }, params) => {
  const giveBack = peer.consumerQuota.reserve(params.dataProducerId);
  try {
    return await consumeReserved({ slice, peer }, params, giveBack);
  } catch (error) {
    giveBack();
    throw error;
  }
});

async function consumeReserved(
  { slice, peer }: PeerPlace,
  { dataProducerId, transportId, ...reliability }: Parameters<Operation<'consumeData'>>[1],
  giveBack: () => void,
) {
  const transport = peer.receivingTransport(transportId);
  const record = await slice.findRecord(dataProducerId);
  if (record.kind !== 'data') throw new SluiceError('producerNotFound', 'This is not a data producer.');
  const reach = await slice.pipes.reach(dataProducerId, peer.router);
  try {
    const consumer = await transport
      .consumeData({ dataProducerId, ...deliverableAs(reliability) })
      .catch((error: unknown) => invalidMedia(error, 'transportId'));
    keepData({ slice, peer }, consumer, reach, giveBack);
    return describeDataConsumer(consumer, record);
  } catch (error) {
    reach.release();
    throw error;
  }
}

function keepData({ slice, peer }: PeerPlace, consumer: types.DataConsumer, reach: Reach, giveBack: () => void): void {
  if (peer.closed || consumer.closed) {
    consumer.close();
    throw new SluiceError('peerNotFound', 'The peer has left.');
  }
  const dataConsumerId = consumer.id;
  const release = () => {
    peer.dataConsumers.delete(consumerIdOf(consumer));
    giveBack();
    reach.release();
  };
  const lostOr = (closed: string) =>
    slice.livesElsewhere(consumer.dataProducerId as ProducerId) ? 'pipeLost' : closed;
  peer.dataConsumers.set(consumerIdOf(consumer), { consumer, release });
  consumer.observer.once('close', release);
  consumer.on('dataproducerclose', () =>
    slice.tell(peer, { type: 'dataConsumerClosed', dataConsumerId, reason: lostOr('dataProducerClosed') }),
  );
}

function describeDataConsumer(consumer: types.DataConsumer, record: ProducerRecord) {
  const { id, dataProducerId, sctpStreamParameters, label, protocol } = consumer;
  if (!sctpStreamParameters)
    throw new SluiceError('badRequest', 'This transport has no SCTP.', { details: { path: 'transportId' } });
  return { dataConsumerId: id, dataProducerId, peerId: record.peerId, sctpStreamParameters, label, protocol };
}

export const closeDataConsumer: Operation<'closeDataConsumer'> = onPeer<'closeDataConsumer'>(
  async ({ peer }, { dataConsumerId }) => {
    const entry = peer.dataConsumers.get(dataConsumerId);
    if (!entry) throw new SluiceError('consumerNotFound', 'There is no such data consumer.');
    entry.consumer.close();
    return nothing;
  },
);
