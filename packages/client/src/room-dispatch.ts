import type { ClientPeerEvent, ClientRoomEvent, ProducerInfo } from '@sluice/shared/protocol';
import type { DataChannels } from './data-channels.ts';
import type { Emitter } from './emitter.ts';
import type { EventOf, ServerEvent } from './event-of.ts';
import type { MediaPlace } from './media-place.ts';
import type { Publisher } from './publisher.ts';
import type { RoomEnd, RoomEvents } from './room-events.ts';
import type { RoomPeer, RoomPicture } from './room-picture.ts';
import type { Subscriber } from './subscriber.ts';

/** What a room consists of, and what the server's events act upon. */
export interface RoomParts {
  selfId: string;
  picture: RoomPicture;
  place: MediaPlace;
  publisher: Publisher;
  subscriber: Subscriber;
  data: DataChannels;
  emitter: Emitter<RoomEvents>;
  /** A producer of somebody else's is there to be watched. */
  offered: (peer: RoomPeer, producer: ProducerInfo) => void;
  finish: (end: RoomEnd) => void;
}

/** The peer and the producer that an event is about, in one state of the picture. */
interface Glance {
  peer: RoomPeer | undefined;
  producer: ProducerInfo | undefined;
}

type Changed = { before: Glance; after: Glance };
type OnRoomEvent<T extends ClientRoomEvent['type']> = (parts: RoomParts, event: EventOf<T>, changed: Changed) => void;
type OnPeerEvent<T extends ClientPeerEvent['type']> = (parts: RoomParts, event: EventOf<T>) => void;

/** Takes an event into the picture and tells whom it concerns. Types from a newer server are ignored. */
export function dispatch(parts: RoomParts, event: ServerEvent): void {
  if (!isRoomEvent(event)) {
    const act = onPeerEvent[event.type] as ((parts: RoomParts, event: ClientPeerEvent) => void) | undefined;
    return act?.(parts, event);
  }
  const before = glance(parts.picture, event);
  if (!parts.picture.apply(event)) return;
  const after = glance(parts.picture, event);
  const act = onRoomEvent[event.type] as
    | ((parts: RoomParts, event: ClientRoomEvent, changed: Changed) => void)
    | undefined;
  act?.(parts, event, { before, after });
}

function isRoomEvent(event: ServerEvent): event is ClientRoomEvent {
  return 'seq' in event;
}

function glance(picture: RoomPicture, event: ClientRoomEvent): Glance {
  const about = event as { peerId?: string; producerId?: string; dataProducerId?: string };
  const peer = picture.peers.get(about.peerId ?? '');
  return { peer, producer: peer?.producers.get(about.producerId ?? about.dataProducerId ?? '') };
}

const changed: OnRoomEvent<'producerPaused' | 'producerResumed'> = ({ emitter }, _event, { after }) => {
  if (after.peer && after.producer) emitter.emit('producerChanged', { peer: after.peer, producer: after.producer });
};

const onRoomEvent = {
  peerJoined: ({ emitter, selfId }, { peerId }, { after }) => {
    if (after.peer && peerId !== selfId) emitter.emit('peerJoined', after.peer);
  },
  peerLeft: ({ emitter, subscriber, selfId }, { peerId, reason }, { before }) => {
    if (!before.peer || peerId === selfId) return;
    for (const producerId of before.peer.producers.keys()) subscriber.producerClosed(producerId);
    emitter.emit('peerLeft', { peer: before.peer, reason });
  },
  peerUpdated: ({ emitter }, _event, { after }) => {
    if (after.peer) emitter.emit('peerUpdated', after.peer);
  },
  producerAdded: (parts, { peerId }, { after }) => {
    if (!after.peer || !after.producer || peerId === parts.selfId) return;
    parts.emitter.emit('producerAdded', { peer: after.peer, producer: after.producer });
    parts.offered(after.peer, after.producer);
  },
  producerClosed: ({ emitter, publisher, subscriber, selfId }, { peerId, producerId }, { before }) => {
    if (peerId === selfId) publisher.publications.get(producerId)?.ended('byServer');
    subscriber.producerClosed(producerId);
    const { peer, producer } = before;
    if (peer && producer && peerId !== selfId) emitter.emit('producerClosed', { peer, producer });
  },
  producerPaused: changed,
  producerResumed: changed,
  dataProducerAdded: ({ emitter, selfId }, { peerId }, { after: { peer, producer } }) => {
    if (peer && producer && peerId !== selfId) emitter.emit('producerAdded', { peer, producer });
  },
  dataProducerClosed: ({ emitter, selfId }, { peerId }, { before: { peer, producer } }) => {
    if (peer && producer && peerId !== selfId) emitter.emit('producerClosed', { peer, producer });
  },
  message: ({ emitter }, { from, payload }) => emitter.emit('message', { from, payload }),
  roomClosed: ({ finish }) => finish({ reason: 'roomClosed', comeBack: false }),
} satisfies { [T in ClientRoomEvent['type']]: OnRoomEvent<T> };

const ignored = (): void => undefined;

const onPeerEvent = {
  consumerClosed: ({ subscriber }, { consumerId, reason }) => subscriber.consumerClosed(consumerId, reason),
  dataConsumerClosed: ({ data }, { dataConsumerId }) => data.consumerClosed(dataConsumerId),
  // The room's producerPaused and producerResumed say the same, and in order.
  consumerPaused: ignored,
  consumerResumed: ignored,
  layersChanged: ({ subscriber }, { consumerId, layers }) => subscriber.layersChanged(consumerId, layers),
  scoreChanged: ({ subscriber }, { consumerId, score }) => subscriber.scoreChanged(consumerId, score),
  activeSpeakers: ({ emitter }, { speakers }) => emitter.emit('activeSpeakers', speakers),
  producerDemand: ({ publisher }, { producerId, maxSpatialLayer }) => {
    void publisher.publications.get(producerId)?.applyDemand(maxSpatialLayer);
  },
  transportClosed: ({ place }, { transportId }) => place.transportClosed(transportId),
  goingAway: ({ emitter }, { reconnectAfterMs }) => emitter.emit('goingAway', { reconnectAfterMs }),
} satisfies { [T in ClientPeerEvent['type']]: OnPeerEvent<T> };
