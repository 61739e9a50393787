import type { Owner, RoomEvent } from '../protocol/room.ts';
import type { Change } from './directory.ts';
import { encodePeer, encodeProducer, ownerToken, peerLine, sessionLine } from './records.ts';

type Arguments = (string | number)[];
type Encoders = { [T in Change['type']]: (change: Extract<Change, { type: T }>, owner: Owner) => Arguments };

const event = (value: RoomEvent): string => JSON.stringify(value);

/** Each change as `lua/commit.lua` reads it: its name there, and its arguments. */
const encoders: Encoders = {
  addProducer: ({ producer }) => [
    'addProducer',
    producer.producerId,
    producer.peerId,
    encodeProducer(producer),
    event({ type: 'producerAdded', producer }),
  ],
  removeProducer: ({ producerId, reason }) => [
    'removeProducer',
    producerId,
    reason === undefined ? '' : JSON.stringify(reason),
  ],
  setProducerPaused: ({ producerId, paused }) => [paused ? 'pauseProducer' : 'resumeProducer', producerId],
  updatePeer: ({ peer }, owner) => putPeer(peer, owner),
  takePeer: ({ peer, from }) => [
    'takePeer',
    peer.peerId,
    ownerToken(from),
    sessionLine(from),
    encodePeer(peer),
    event({ type: 'peerUpdated', peer }),
  ],
  restorePeer: ({ peer }) => ['restorePeer', peer.peerId, encodePeer(peer), event({ type: 'peerJoined', peer })],
  removePeer: ({ peerId, reason, producerIds }) => [
    'removePeer',
    peerId,
    peerLine(peerId),
    JSON.stringify(reason),
    producerIds.length,
    ...producerIds,
  ],
  message: ({ from, payload, to }) => ['message', from, event({ type: 'message', from, payload, ...(to && { to }) })],
};

function putPeer(peer: Extract<Change, { type: 'updatePeer' }>['peer'], holder: Owner): Arguments {
  return ['putPeer', peer.peerId, ownerToken(holder), encodePeer(peer), event({ type: 'peerUpdated', peer })];
}

export function encodeChange(owner: Owner, change: Change): Arguments {
  const encode = encoders[change.type] as (change: Change, owner: Owner) => Arguments;
  return encode(change, owner);
}
