import type { Position, RoomView } from '@sluice/shared';
import type {
  ClientRoomEvent,
  PeerInfo,
  PeerRecord,
  ProducerInfo,
  ProducerRecord,
  RoomEvent,
} from '@sluice/shared/protocol';
import type { PeerId } from '@sluice/shared';

/**
 * What clients see of the directory's records: these functions pick fields, so that boots, routers, gateways, sessions
 * and token hashes stay inside whatever a record grows.
 */
type Unnumbered<E> = E extends unknown ? Omit<E, 'epoch' | 'seq'> : never;

/** Undefined for what is no client's business. */
export function toClientEvent(event: RoomEvent, { epoch, seq }: Position): ClientRoomEvent | undefined {
  const body = toBody(event);
  // The numbers come last and are the feed's: no body has them.
  return body && { ...body, epoch, seq };
}

/** Everyone, each with its producers; `self` left out. */
export function toPeers(view: RoomView, self?: PeerId): PeerInfo[] {
  const peers = new Map<PeerId, PeerInfo>();
  for (const record of view.peers.values()) {
    if (record.peerId !== self) peers.set(record.peerId, { ...toPeer(record), producers: [] });
  }
  for (const record of view.producers.values()) peers.get(record.peerId)?.producers.push(toProducer(record));
  return [...peers.values()];
}

function toBody(event: RoomEvent): Unnumbered<ClientRoomEvent> | undefined {
  switch (event.type) {
    case 'peerJoined':
    case 'peerUpdated':
      return { type: event.type, ...toPeer(event.peer) };
    case 'peerLeft':
      return { type: 'peerLeft', peerId: event.peerId, reason: event.reason };
    case 'producerAdded':
      return toProducerAdded(event.producer);
    case 'producerClosed':
      return toProducerClosed(event);
    case 'producerPaused':
    case 'producerResumed':
      return { type: event.type, producerId: event.producerId, peerId: event.peerId };
    case 'message':
      return { type: 'message', from: event.from, payload: event.payload };
    case 'roomClosed':
      return { type: 'roomClosed', reason: event.reason };
    case 'sliceFenced':
      return undefined;
  }
}

function toPeer({ peerId, name, metadata, node, connection }: PeerRecord): Omit<PeerInfo, 'producers'> {
  return {
    peerId,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    node,
    connection: connection ?? 'here',
  };
}

function toProducer(record: ProducerRecord): ProducerInfo {
  const { producerId, kind, paused, source, metadata, label, protocol, replaces } = record;
  return {
    producerId,
    kind,
    paused,
    ...(source !== undefined && { source }),
    ...(metadata !== undefined && { metadata }),
    ...(label !== undefined && { label }),
    ...(protocol !== undefined && { protocol }),
    ...(replaces !== undefined && { replaces }),
  };
}

function toProducerClosed({ kind, producerId, peerId, reason }: Extract<RoomEvent, { type: 'producerClosed' }>) {
  if (kind === 'data') return { type: 'dataProducerClosed' as const, dataProducerId: producerId, peerId };
  return { type: 'producerClosed' as const, producerId, peerId, ...(reason !== undefined && { reason }) };
}

function toProducerAdded(record: ProducerRecord): Unnumbered<ClientRoomEvent> {
  const { peerId, metadata, label = '', protocol = '' } = record;
  if (record.kind !== 'data') return { type: 'producerAdded', peerId, ...toProducer(record) };
  return {
    type: 'dataProducerAdded',
    dataProducerId: record.producerId,
    peerId,
    label,
    protocol,
    ...(metadata !== undefined && { metadata }),
  };
}
