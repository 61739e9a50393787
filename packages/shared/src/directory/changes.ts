import type { NewPeerRecord, ProducerRecord, RoomEvent } from '../protocol/room.ts';
import type { Change, Outcome } from './directory.ts';
import { encodeProducer, hashLine, peerBody, peerHead, peerLine } from './records.ts';

type Arguments = (string | number)[];
type Encoders = { [T in Change['type']]: (change: Extract<Change, { type: T }>) => Arguments };

const event = (value: RoomEvent): string => JSON.stringify(value);

/** Each change as `lua/commit.lua` reads it: its name there, and its arguments. */
const encoders: Encoders = {
  addProducer: ({ type, producer }) => [type, ...added(producer)],
  restoreProducer: ({ type, producer }) => [type, ...added(producer)],
  removeProducer: ({ type, producerId, reason }) => [
    type,
    producerId,
    reason === undefined ? '' : JSON.stringify(reason),
  ],
  setProducerPaused: ({ producerId, paused }) => [paused ? 'pauseProducer' : 'resumeProducer', producerId],
  updatePeer: ({ type, peer }) => [type, ...written(peer)],
  restorePeer: ({ type, peer }) => [type, ...written(peer), peer.generation],
  removePeer: ({ type, peerId, resumeHash, reason, producerIds }) => [
    type,
    peerId,
    peerLine(peerId),
    hashLine(resumeHash),
    JSON.stringify(reason),
    producerIds.length,
    ...producerIds,
  ],
  message: ({ type, from, payload, to }) => [type, from, event({ type, from, payload, ...(to && { to }) })],
};

const added = (producer: ProducerRecord): Arguments => [
  producer.producerId,
  producer.peerId,
  encodeProducer(producer),
  event({ type: 'producerAdded', producer }),
];

const written = (peer: NewPeerRecord): Arguments => [
  peer.peerId,
  peerHead(peer),
  hashLine(peer.resumeHash),
  peerBody(peer),
];

export function encodeChange(change: Change): Arguments {
  const encode = encoders[change.type] as (change: Change) => Arguments;
  return encode(change);
}

const outcomes: Readonly<Record<string, Outcome>> = { d: 'done', m: 'missing', o: 'other' };

/** The letters of a commit's reply. */
export function decodeOutcomes(letters: string): Outcome[] {
  return Array.from(letters, (letter) => outcomes[letter] ?? 'missing');
}
