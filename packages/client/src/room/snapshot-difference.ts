import type { ClientRoomEvent, PeerInfo, ProducerInfo, RoomState } from '@sluice/shared/protocol';
import type { RoomPeer, RoomPicture } from './room-picture.ts';

type Unnumbered<E = ClientRoomEvent> = E extends unknown ? Omit<E, 'epoch' | 'seq'> : never;

/**
 * What must have happened between a picture and a later snapshot, as the events that would have said so. A peer that came and
 * went meanwhile is in neither, and messages are lost: the server sends a snapshot where it has the events no longer.
 */
export function difference(picture: RoomPicture, state: RoomState, selfId: string): ClientRoomEvent[] {
  const { epoch, seq } = state;
  const then = new Map(picture.peers);
  const now = new Map(state.peers.map((peer) => [peer.peerId, peer]));
  // The server leaves oneself out.
  then.delete(selfId);
  now.delete(selfId);
  const events: Unnumbered[] = [];
  for (const peerId of then.keys()) if (!now.has(peerId)) events.push({ type: 'peerLeft', peerId, reason: 'left' });
  for (const peer of now.values()) events.push(...ofPeer(then.get(peer.peerId), peer));
  return events.map((event) => ({ ...event, epoch, seq }));
}

function ofPeer(then: RoomPeer | undefined, { producers, ...peer }: PeerInfo): Unnumbered[] {
  const events: Unnumbered[] = [];
  if (!then) events.push({ type: 'peerJoined', ...peer });
  else if (isChanged(then, peer)) events.push({ type: 'peerUpdated', ...peer });
  const before = then?.producers ?? new Map<string, ProducerInfo>();
  const present = new Set(producers.map(({ producerId }) => producerId));
  // The new before the old: a successor is known before what it replaces goes.
  for (const producer of producers) events.push(...ofProducer(peer.peerId, before.get(producer.producerId), producer));
  for (const gone of before.values()) {
    if (!present.has(gone.producerId)) events.push(closed(peer, gone, then?.node !== peer.node));
  }
  return events;
}

function isChanged(then: RoomPeer, now: Omit<PeerInfo, 'producers'>): boolean {
  return (
    then.name !== now.name ||
    then.node !== now.node ||
    then.connection !== (now.connection ?? 'here') ||
    JSON.stringify(then.metadata) !== JSON.stringify(now.metadata)
  );
}

function ofProducer(peerId: string, then: ProducerInfo | undefined, now: ProducerInfo): Unnumbered[] {
  const { producerId, kind, paused, label = '', protocol = '', metadata } = now;
  if (then)
    return then.paused === paused ? [] : [{ type: paused ? 'producerPaused' : 'producerResumed', producerId, peerId }];
  if (kind !== 'data') return [{ type: 'producerAdded', peerId, ...now }];
  const given = metadata === undefined ? {} : { metadata };
  return [{ type: 'dataProducerAdded', dataProducerId: producerId, peerId, label, protocol, ...given }];
}

/** Of a peer that is on another node now, it may come again. */
function closed({ peerId }: { peerId: string }, { producerId, kind }: ProducerInfo, moved: boolean): Unnumbered {
  if (kind === 'data') return { type: 'dataProducerClosed', dataProducerId: producerId, peerId };
  return { type: 'producerClosed', producerId, peerId, ...(moved && { reason: 'nodeLost' }) };
}
