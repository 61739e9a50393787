import type { Owner, PeerRecord, ProducerRecord } from '../protocol/room.ts';

/**
 * How records lie in Redis. Scripts never decode JSON: what they need of a record (its owner, its ids as they stand in
 * events) goes before it, a line each, and is put together as text. So nothing that a client wrote is ever parsed or
 * re-encoded there, and JSON itself has no line breaks.
 *
 * Peer: owner, `"peerId":…`, session, record. Producer: owner, `"peerId":…`, `"producerId":…`, `"kind":…`, paused (0 or 1),
 * record; the line counts, what the record says of `paused` does not.
 */
export const ownerToken = ({ node, boot }: Owner): string => JSON.stringify([node, boot]);

export const peerLine = (peerId: string): string => `"peerId":${JSON.stringify(peerId)}`;

export const sessionLine = ({ sessionId }: Pick<PeerRecord, 'sessionId'>): string => JSON.stringify(sessionId);

export function encodePeer(peer: PeerRecord): string {
  return [ownerToken(peer), peerLine(peer.peerId), sessionLine(peer), JSON.stringify(peer)].join('\n');
}

export function encodeProducer(producer: ProducerRecord): string {
  return [
    ownerToken(producer),
    peerLine(producer.peerId),
    `"producerId":${JSON.stringify(producer.producerId)}`,
    `"kind":${JSON.stringify(producer.kind)}`,
    producer.paused ? '1' : '0',
    JSON.stringify(producer),
  ].join('\n');
}

/** @throws where the text is none of ours. */
export function decodePeer(text: string): PeerRecord {
  return JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as PeerRecord;
}

/** @throws where the text is none of ours. */
export function decodeProducer(text: string): ProducerRecord {
  const end = text.lastIndexOf('\n');
  const record = JSON.parse(text.slice(end + 1)) as ProducerRecord;
  return { ...record, paused: text[end - 1] === '1' };
}
