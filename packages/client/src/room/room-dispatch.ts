import { SluiceClientError } from '../base/errors.ts';
import type { ClientMoveEvent, ClientPeerEvent, ClientRoomEvent, ProducerInfo } from '@sluice/shared/protocol';
import type { DataChannels } from '../data/data-channels.ts';
import type { Emitter } from '../base/emitter.ts';
import type { EventOf } from '../base/event-of.ts';
import type { Line } from '../line/line.ts';
import type { Mover } from '../moving/mover.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { RoomEnd, RoomEvents } from './room-events.ts';
import type { RoomPeer, RoomPicture } from './room-picture.ts';
import type { Subscriber } from '../subscribe/subscriber.ts';

/** What a room consists of, and what the server's events act upon. */
export interface RoomParts {
  selfId: string;
  picture: RoomPicture;
  line: Line;
  mover: Mover;
  publisher: Publisher;
  subscriber: Subscriber;
  data: DataChannels;
  emitter: Emitter<RoomEvents>;
  /** Another peer's producer is there to be watched. */
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
type PeerEvent = ClientPeerEvent | ClientMoveEvent;
type OnPeerEvent<T extends PeerEvent['type']> = (
  parts: RoomParts,
  event: EventOf<T>,
) => void | Promise<void> | undefined;

/**
 * Takes an event into the picture and tells the parts that it concerns. Types from a newer server are ignored. An event that does
 * not fit the protocol is left out and reported; never throws.
 */
export function dispatch(parts: RoomParts, event: PeerEvent | ClientRoomEvent): void {
  try {
    if (!isRoomEvent(event)) return actOn(parts, event);
    if (parts.picture.isNew(event)) occur(parts, event);
  } catch (error) {
    reportUnfit(parts, error);
  }
}

function actOn(parts: RoomParts, event: PeerEvent): void {
  if (!Object.hasOwn(onPeerEvent, event.type)) return;
  const act = onPeerEvent[event.type] as (parts: RoomParts, event: PeerEvent) => void | Promise<void>;
  act(parts, event)?.catch((error: unknown) => reportUnfit(parts, error));
}

/** For what else comes from the server. */
export function reportUnfit({ emitter }: RoomParts, cause: unknown): void {
  const { message } = SluiceClientError.from(cause, 'badFrame');
  emitter.emit('error', new SluiceClientError('badFrame', message, { cause }));
}

/** As `dispatch`, for an event that is known to be new. */
export function occur(parts: RoomParts, event: ClientRoomEvent): void {
  const before = glance(parts.picture, event);
  parts.picture.take(event);
  const after = glance(parts.picture, event);
  if (!Object.hasOwn(onRoomEvent, event.type)) return;
  const act = onRoomEvent[event.type] as (parts: RoomParts, event: ClientRoomEvent, changed: Changed) => void;
  act(parts, event, { before, after });
}

function isRoomEvent(event: PeerEvent | ClientRoomEvent): event is ClientRoomEvent {
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

const ownEnds = new Set(['left', 'replaced', 'kicked', 'roomClosed']);

const onRoomEvent = {
  peerJoined: ({ emitter, selfId }, { peerId }, { after }) => {
    if (after.peer && peerId !== selfId) emitter.emit('peerJoined', after.peer);
  },
  peerLeft: ({ emitter, subscriber, selfId, finish }, { peerId, reason }, { before }) => {
    // Of what was done on purpose the close code says more.
    if (peerId === selfId && !ownEnds.has(reason)) return finish({ reason: 'resumeRejected', comeBack: true });
    if (!before.peer || peerId === selfId) return;
    for (const producerId of before.peer.producers.keys()) subscriber.producerClosed(producerId);
    emitter.emit('peerLeft', { peer: before.peer, reason });
  },
  peerUpdated: ({ emitter }, _event, { after }) => {
    if (after.peer) emitter.emit('peerUpdated', after.peer);
  },
  producerAdded: (parts, { peerId, producerId, ...event }, { after: { peer, producer } }) => {
    if (!peer || !producer || peerId === parts.selfId) return;
    const replaces = event.replaces ?? parts.subscriber.awaited(peerId, event);
    // First, so that a listener that subscribes to it is given the subscription that exists.
    const followed = replaces !== undefined && parts.subscriber.follow(replaces, producerId);
    parts.emitter.emit('producerAdded', { peer, producer });
    if (!followed) return parts.offered(peer, producer);
    void followed.then((follows) => {
      if (!follows) parts.offered(peer, producer);
    });
  },
  producerClosed: ({ emitter, publisher, subscriber, selfId }, { peerId, producerId, reason }, { before }) => {
    const lost = reason === 'nodeLost' || reason === 'workerLost';
    // Of our own that were lost we are told to produce them again.
    if (peerId === selfId && !lost) publisher.publications.get(producerId)?.ended('byServer');
    subscriber.producerClosed(producerId, { lost });
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
  producerDemand: ({ publisher }, { producerId, maxSpatialLayer }) =>
    publisher.publications.get(producerId)?.applyDemand(maxSpatialLayer),
  transportClosed: ({ mover }, { transportId, reason }) => mover.transportClosed(transportId, reason),
  goingAway: ({ emitter, line }, { reconnectAfterMs }) => {
    emitter.emit('goingAway', { reconnectAfterMs });
    line.moveOver(reconnectAfterMs);
  },
  move: ({ mover }, event) => mover.move(event),
  consumerAdded: ({ subscriber }, { consumer, replaces }) => subscriber.consumerAdded(consumer, replaces),
} satisfies { [T in PeerEvent['type']]: OnPeerEvent<T> };
