import type { Json, LeaveReason, ProducerInfo } from '@sluice/shared/protocol';
import type { MediaOutageEvents } from '../moving/renewal.ts';
import type { SluiceClientError } from '../base/errors.ts';
import type { LineEvents } from '../line/line.ts';
import type { RoomPeer } from './room-picture.ts';
import type { Subscription } from '../subscribe/subscription.ts';

/**
 * `comeBack`: joining again makes sense, and not after a kick. `connectionLost`: no gateway was found in time;
 * `resumeRejected`: one was, and the room had given us up by then.
 */
export interface RoomEnd {
  reason:
    | 'left'
    | 'roomClosed'
    | 'connectionLost'
    | 'resumeRejected'
    | 'kicked'
    | 'unauthorized'
    | 'resumedElsewhere'
    | 'protocolAbuse';
  comeBack: boolean;
}

/** What a room tells its listeners. Peers are others than oneself throughout, except where it says so. */
export interface RoomEvents extends MediaOutageEvents {
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
  /** The connection is lost and looked for again. Media flows on; what is asked of the room meanwhile waits. */
  reconnecting: undefined;
  /** It is found, and the room has caught up. */
  reconnected: { downtimeMs: number };
  /** The gateway will end the connection. Another is looked for after so many milliseconds, while this one stands. */
  goingAway: { reconnectAfterMs: number };
  /** What went wrong outside of any call: a refused action without a caller that waits, a move that failed. */
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

export function endOf({ code, comeBack, rejected }: LineEvents['closed']): RoomEnd {
  if (rejected) return { reason: 'resumeRejected', comeBack };
  return { reason: finalEnds[code] ?? 'connectionLost', comeBack };
}
