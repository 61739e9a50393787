import { mostListed, type RoomId } from '@sluice/shared';
import type { PeerRecord, ProducerRecord } from '@sluice/shared/protocol';
import type { Services } from './services.ts';

/**
 * What this gateway holds of a room, for `GET /rooms/{room}`: the sessions that speak for its peers, and the picture of
 * the room that they are told of.
 */
export function describeHolding({ sessions, rooms }: Pick<Services, 'sessions' | 'rooms'>, room: RoomId) {
  const here = [...sessions.inRooms()].flatMap(({ state }) =>
    state.phase === 'joined' && state.room === room ? [state] : [],
  );
  const feed = rooms.get(room)?.feed;
  const { peers, producers } = feed?.view ?? { peers: new Map(), producers: new Map() };
  return {
    room,
    sessions: here.slice(0, mostListed).map(({ peerId, sessionId, node }) => ({ peerId, sessionId, node })),
    ...(feed?.position && {
      picture: {
        ...feed.position,
        peers: [...peers.values()].slice(0, mostListed).map(describePeer),
        producers: [...producers.values()].slice(0, mostListed).map(describeProducer),
      },
    }),
    leftOut: [here.length, peers.size, producers.size].reduce((sum, size) => sum + Math.max(0, size - mostListed), 0),
  };
}

const describePeer = ({ peerId, sessionId, node, gateway }: PeerRecord) => ({ peerId, sessionId, node, gateway });

const describeProducer = ({ producerId, peerId, kind, paused }: ProducerRecord) => ({
  producerId,
  peerId,
  kind,
  paused,
});
