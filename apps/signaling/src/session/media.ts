import type { CarriedConsumer, ConsumerId, OperationParams, OperationResults, ProducerId } from '@sluice/shared';
import type {
  ClientMoveEvent,
  ClientPeerEvent,
  MoveEvent,
  ReplacingConsumer,
  RtpCapabilities,
} from '@sluice/shared/protocol';
import type { OwnParams, PeerOperationName } from '../nodes/node-client.ts';
import { SessionConsumers } from './session-consumers.ts';

/**
 * What a session has at its node, as far as it went through here. When the node is gone, only the session knows it: it is what
 * another node needs to go on with.
 */
export class SessionMedia {
  rtpCapabilities: RtpCapabilities | undefined;
  readonly consumers = new SessionConsumers();
  readonly producers = new Set<ProducerId>();
  /** The last move that the client was told of. It may be said again, and is told once. */
  move: { id: string; stood: boolean } | undefined;

  /** Takes in what an operation has done. */
  note<O extends PeerOperationName>(operation: O, params: OwnParams<O>, result: OperationResults[O]): void {
    noters[operation]?.(this, params, result);
  }

  /** Takes in what the node says by itself. */
  hear(event: ClientPeerEvent | ClientMoveEvent): void {
    if (event.type === 'consumerClosed') this.consumers.delete(event.consumerId as ConsumerId);
    else if (event.type === 'consumerAdded') this.#replace({ ...event.consumer, replaces: event.replaces });
    else if (event.type === 'move') this.#moved(event);
  }

  /** Everything is consumed anew; what could not be is gone. What follows one by one takes its place then. */
  #moved({ consumers, producerTransport }: MoveEvent): void {
    this.move = { id: producerTransport.id, stood: false };
    if (!consumers) return;
    const before = this.consumers.take();
    for (const consumer of consumers) this.#replace(consumer, before);
  }

  /** Whether the client has been told of this very move. */
  isKnown({ producerTransport }: MoveEvent): boolean {
    return this.move?.id === producerTransport.id;
  }

  /** The producer is closed for good, and whatever consumed it. */
  forgetProducer(producerId: ProducerId): void {
    for (const consumerId of [...this.consumers.of(producerId)]) this.consumers.delete(consumerId);
  }

  carried(): CarriedConsumer[] {
    return [...this.consumers.values()];
  }

  #replace({ id, producerId, replaces }: ReplacingConsumer, before: Pick<SessionConsumers, 'get'> = this.consumers) {
    const consumerId = id as ConsumerId;
    const { preferredLayers, priority } = before.get(replaces as ConsumerId) ?? {};
    // The one before of the same producer is gone with its pipe: no client will close it.
    if (this.consumers.get(replaces as ConsumerId)?.producerId === producerId) {
      this.consumers.delete(replaces as ConsumerId);
    }
    this.consumers.set({
      consumerId,
      producerId: producerId as ProducerId,
      paused: true,
      ...(preferredLayers && { preferredLayers }),
      ...(priority !== undefined && { priority }),
    });
  }
}

type Noter<O extends PeerOperationName> = (
  media: SessionMedia,
  params: OwnParams<O>,
  result: OperationResults[O],
) => void;

const pausing =
  (paused: boolean) =>
  ({ consumers }: SessionMedia, { consumerIds }: { consumerIds: ConsumerId[] }) => {
    for (const id of consumerIds) {
      const known = consumers.get(id);
      if (known) consumers.set({ ...known, paused });
    }
  };

/** The operations that change what a session has. */
const noters: { [O in PeerOperationName]?: Noter<O> } = {
  consume: (
    media,
    params: Pick<OperationParams<'consume'>, 'paused' | 'rtpCapabilities' | 'preferredLayers'>,
    result,
  ) => {
    if (params.rtpCapabilities) media.rtpCapabilities = params.rtpCapabilities;
    const { paused, preferredLayers } = params;
    for (const { id, producerId } of result.consumers) {
      const consumerId = id as ConsumerId;
      const carried = { consumerId, producerId: producerId as ProducerId, paused };
      media.consumers.set({ ...carried, ...(preferredLayers && { preferredLayers }) });
    }
  },
  pauseConsumers: pausing(true),
  resumeConsumers: pausing(false),
  closeConsumers: ({ consumers }, { consumerIds }) => {
    for (const id of consumerIds) consumers.delete(id);
  },
  setPreferredLayers: ({ consumers }, { consumerId, spatialLayer, temporalLayer }) => {
    const known = consumers.get(consumerId);
    const preferredLayers = { spatialLayer, ...(temporalLayer !== undefined && { temporalLayer }) };
    if (known) consumers.set({ ...known, preferredLayers });
  },
  setPriority: ({ consumers }, { consumerId, priority }) => {
    const known = consumers.get(consumerId);
    if (known) consumers.set({ ...known, priority });
  },
  produce: ({ producers }, _, { producerId }) => {
    producers.add(producerId as ProducerId);
  },
  closeProducer: ({ producers }, { producerId }) => {
    producers.delete(producerId);
  },
};
