import type {
  ClientPeerEvent,
  ConsumerInfo,
  ConsumerLayers,
  MediaPath,
  RtpCapabilities,
} from '@sluice/shared/protocol';
import type { CarriedConsumer, ConsumerId, ProducerId, ProducerRecord } from '@sluice/shared';
import type { types } from 'mediasoup';

export interface PeerConsumer {
  consumer: types.Consumer;
  path: MediaPath;
  /** How often its client has chosen its layers. */
  choices: number;
  /** Gives back what it used: its reach and its demand. Idempotent. */
  release(): void;
}

export interface PeerDataConsumer {
  consumer: types.DataConsumer;
  release(): void;
}

export interface ConsumeOptions {
  transport: types.WebRtcTransport;
  record: ProducerRecord;
  rtpCapabilities: RtpCapabilities;
  paused: boolean;
  preferredLayers: ConsumerLayers | undefined;
  /** 1 to 255; mediasoup's own default is 1. */
  priority?: number | undefined;
}

export async function createConsumer(options: ConsumeOptions): Promise<types.Consumer> {
  const { transport, record, paused, preferredLayers, priority } = options;
  const consumer = await transport.consume({
    producerId: record.producerId,
    rtpCapabilities: options.rtpCapabilities as types.RtpCapabilities,
    paused,
    ...(preferredLayers && record.kind === 'video' && { preferredLayers }),
  });
  if (priority !== undefined) await consumer.setPriority(priority);
  return consumer;
}

export function describeConsumer(consumer: types.Consumer, record: ProducerRecord, path: MediaPath): ConsumerInfo {
  const { id, producerId, kind, type, rtpParameters, producerPaused } = consumer;
  return {
    id,
    producerId,
    peerId: record.peerId,
    kind,
    type,
    rtpParameters: rtpParameters as ConsumerInfo['rtpParameters'],
    producerPaused,
    path,
  };
}

/** A consumer as another place needs it to be made again there. */
export function describeCarried(consumer: types.Consumer): CarriedConsumer {
  const { id, producerId, paused, preferredLayers, priority } = consumer;
  return {
    consumerId: id as ConsumerId,
    producerId: producerId as ProducerId,
    paused,
    ...(preferredLayers && { preferredLayers }),
    ...(priority > 1 && { priority }),
  };
}

type QualityEvent = Extract<ClientPeerEvent, { type: 'layersChanged' | 'scoreChanged' }>;

/** Tells how well the peer's consumer does. That its producer pauses, its gateway learns from the room. */
export function watchQuality(consumer: types.Consumer, tell: (event: QualityEvent) => void): void {
  const consumerId = consumer.id;
  consumer.on('layerschange', (layers) => tell({ type: 'layersChanged', consumerId, layers: layers ?? null }));
  consumer.on('score', ({ score, producerScore }) => tell({ type: 'scoreChanged', consumerId, score, producerScore }));
}

/** Runs `act` once the client can receive: its transport is through, and it has resumed the consumer. */
export function onceReceiving(consumer: types.Consumer, transport: types.WebRtcTransport, act: () => void): void {
  const look = () => {
    if (consumer.paused || consumer.producerPaused || transport.dtlsState !== 'connected') return;
    stop();
    act();
  };
  const stop = () => {
    consumer.observer.off('resume', look);
    consumer.observer.off('close', stop);
    transport.off('dtlsstatechange', look);
  };
  consumer.observer.on('resume', look);
  consumer.observer.on('close', stop);
  transport.on('dtlsstatechange', look);
  look();
}

/** The highest spatial layer that a consumer wants now; −1 while it is paused. */
export function wantedLayer(consumer: types.Consumer): number {
  if (consumer.paused) return -1;
  return consumer.preferredLayers?.spatialLayer ?? (consumer.kind === 'video' ? 7 : 0);
}

export const consumerIdOf = (consumer: { id: string }): ConsumerId => consumer.id as ConsumerId;
