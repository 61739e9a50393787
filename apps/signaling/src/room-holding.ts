import { mostListed, type RoomId } from '@sluice/shared';
import type { PeerRecord, ProducerRecord } from '@sluice/shared/protocol';
import type { FollowedRooms } from './rooms/followed-rooms.ts';
import type { Seats } from './session/seats.ts';

/**
 * What this gateway holds of a room, for `GET /rooms/{room}`: the sessions that speak for its peers, and the picture of
 * the room that they are told of.
 */
export function describeHolding({ seats, rooms }: { seats: Seats; rooms: FollowedRooms }, room: RoomId) {
  const here = [...seats.all()].filter((seat) => seat.room === room);
  const followed = rooms.get(room);
  const { peers, producers } = followed?.records() ?? { peers: [], producers: [] };
  return {
    room,
    sessions: here.slice(0, mostListed).map(({ peerId, sessionId, node }) => ({ peerId, sessionId, node })),
    ...(followed?.position && {
      picture: {
        ...followed.position,
        peers: peers.slice(0, mostListed).map(describePeer),
        producers: producers.slice(0, mostListed).map(describeProducer),
      },
    }),
    leftOut: [here, peers, producers].reduce((sum, { length }) => sum + Math.max(0, length - mostListed), 0),
  };
}

const describePeer = ({ peerId, sessionId, node, gateway }: PeerRecord) => ({ peerId, sessionId, node, gateway });

const describeProducer = ({ producerId, peerId, kind, paused }: ProducerRecord) => ({
  producerId,
  peerId,
  kind,
  paused,
});
