import type { ProducerId, ProducerRecord } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { types } from '../mediasoup/types.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import { keyFrameRequestDelayMs } from '../mediasoup/codecs.ts';
import { deliverable } from '../mediasoup/data-reliability.ts';
import { invalidMedia } from '../mediasoup/errors.ts';
import { withoutLoneLayers } from '../mediasoup/single-vp8.ts';
import type { Services } from './services.ts';
import { nothing, type Operation, onPeer } from './table.ts';

export const produce: Operation<'produce'> = onPeer<'produce'>(async (place, params, node) => {
  const { slice, peer } = place;
  peer.assertRoomFor('producers');
  const transport = peer.transportFor('send', params.transportId);
  if (params.replaces !== undefined) assertOwn(place, params.replaces);
  const producer = await transport
    .produce({
      kind: params.kind,
      rtpParameters: withoutLoneLayers(params.rtpParameters) as types.RtpParameters,
      paused: params.paused,
      keyFrameRequestDelay: keyFrameRequestDelayMs,
    })
    .catch((error: unknown) => invalidMedia(error, 'rtpParameters'));
  const record: ProducerRecord = {
    ...base(node, place, producer),
    kind: producer.kind,
    paused: producer.paused,
    ...(params.source !== undefined && { source: params.source }),
    ...(params.metadata !== undefined && { metadata: params.metadata }),
    ...(params.replaces !== undefined && { replaces: params.replaces }),
  };
  await slice.producers.publish({ peer, producer, record });
  peer.router.listenTo(producer);
  return { producerId: producer.id };
});

export const produceData: Operation<'produceData'> = onPeer<'produceData'>(async (place, params, node) => {
  const { slice, peer } = place;
  peer.assertRoomFor('dataProducers');
  const { sctpStreamParameters, label, protocol, metadata } = params;
  const transport = peer.transportFor('send', params.transportId);
  const producer = await Promise.resolve()
    .then(() => transport.produceData({ sctpStreamParameters: deliverable(sctpStreamParameters), label, protocol }))
    .catch((error: unknown) => invalidMedia(error, 'sctpStreamParameters'));
  const record: ProducerRecord = {
    ...base(node, place, producer),
    kind: 'data',
    paused: false,
    label,
    protocol,
    ...(metadata !== undefined && { metadata }),
  };
  await slice.producers.publish({ peer, producer, record });
  return { dataProducerId: producer.id };
});

export const pauseProducer: Operation<'pauseProducer'> = onPeer<'pauseProducer'>(async (place, { producerId }) =>
  setPaused(place, producerId, true),
);

export const resumeProducer: Operation<'resumeProducer'> = onPeer<'resumeProducer'>(async (place, { producerId }) =>
  setPaused(place, producerId, false),
);

export const closeProducer: Operation<'closeProducer'> = onPeer<'closeProducer'>(
  async ({ slice, peer }, { producerId }) => {
    await slice.producers.unpublish(peer.producer(producerId, 'media'));
    return nothing;
  },
);

export const closeDataProducer: Operation<'closeDataProducer'> = onPeer<'closeDataProducer'>(
  async ({ slice, peer }, { dataProducerId }) => {
    await slice.producers.unpublish(peer.producer(dataProducerId, 'data'));
    return nothing;
  },
);

/**
 * A producer may stand in for one of the same peer: still here, or on the node that it came from, or lost with it. Of a
 * lost one only the gateway knows whose it was, and vouches for it.
 */
function assertOwn({ slice, peer }: PeerPlace, replaces: ProducerId): void {
  const record = slice.recordOf(replaces);
  if (!record || record.peerId === peer.id) return;
  throw new SluiceError('badRequest', "Another peer's producer cannot be replaced.", { details: { path: 'replaces' } });
}

function base(node: Services, { peer }: PeerPlace, producer: { id: string }) {
  return { ...node.owner, producerId: producer.id as ProducerId, peerId: peer.id, router: peer.router.id };
}

async function setPaused({ slice, peer }: PeerPlace, producerId: ProducerId, paused: boolean) {
  const own = peer.producer(producerId, 'media');
  await (paused ? own.producer.pause() : own.producer.resume());
  own.record = { ...own.record, paused };
  await slice.write({ type: 'setProducerPaused', producerId, paused });
  return nothing;
}
