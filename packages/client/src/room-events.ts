import type { Json, LeaveReason, ProducerInfo } from '@sluice/shared/protocol';
import type { ConnectionEnd } from './connection.ts';
import type { SluiceClientError } from './errors.ts';
import type { RoomPeer } from './room-picture.ts';
import type { Subscription } from './subscription.ts';

/** `comeBack`: joining again makes sense (a lost network, a drained gateway), and not after a kick. */
export interface RoomEnd {
  reason: 'left' | 'roomClosed' | 'connectionLost' | 'kicked' | 'unauthorized' | 'resumedElsewhere' | 'protocolAbuse';
  comeBack: boolean;
}

/** What a room tells its listeners. Peers are others than oneself throughout, except where it says so. */
export interface RoomEvents {
  peerJoined: RoomPeer;
  peerLeft: { peer: RoomPeer; reason: LeaveReason };
  /** A name or metadata changed, or the node; may be oneself. */
  peerUpdated: RoomPeer;
  producerAdded: { peer: RoomPeer; producer: ProducerInfo };
  producerClosed: { peer: RoomPeer; producer: ProducerInfo };
  /** Paused or resumed. */
  producerChanged: { peer: RoomPeer; producer: ProducerInfo };
  /** A track is here. Its `closed` event says when it is not any more. */
  subscribed: Subscription;
  /** A track could not be had, and it won't be tried again. */
  subscribeFailed: { peerId: string; producerId: string; error: SluiceClientError };
  /** Oneself too. */
  message: { from: string; payload: Json };
  /** Volumes in dBov, −127 to 0; the loudest first. */
  activeSpeakers: { peerId: string; volume: number }[];
  /** The gateway will end the connection and would have us back after so many milliseconds. */
  goingAway: { reconnectAfterMs: number };
  /** What went wrong outside of any call: a transport that could not be connected. */
  error: SluiceClientError;
  /** The last event. */
  closed: RoomEnd;
}

/** By the server's close codes; everything below 4500, a lost network and a killed gateway too, may come back. */
const finalEnds: Record<number, RoomEnd['reason']> = {
  4500: 'unauthorized',
  4501: 'kicked',
  4502: 'roomClosed',
  4503: 'protocolAbuse',
  4504: 'resumedElsewhere',
};

export function endOf({ code, comeBack }: ConnectionEnd): RoomEnd {
  return { reason: finalEnds[code] ?? 'connectionLost', comeBack };
}
