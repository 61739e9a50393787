import type { NewPeerRecord, Owner, PeerRecord, ProducerRecord } from '../protocol/room.ts';

/**
 * How records lie in Redis. Scripts never decode JSON: what they need of a record (its owner, its ids as they stand in
 * events) goes before it, a line each, and is put together as text. So nothing that a client wrote is ever parsed or
 * re-encoded there, and JSON itself has no line breaks.
 *
 * Peer: owner, `"peerId":…`, session, hash of its token, generation, record; the generation is the script's, which also
 * puts it at the record's end. Producer: owner, `"peerId":…`, `"producerId":…`, `"kind":…`, paused (0 or 1), record; the
 * line counts, not the record's own `paused`.
 */
export const ownerToken = ({ node, boot }: Owner): string => JSON.stringify([node, boot]);

export const peerLine = (peerId: string): string => `"peerId":${JSON.stringify(peerId)}`;

export const sessionLine = ({ sessionId }: Pick<PeerRecord, 'sessionId'>): string => JSON.stringify(sessionId);

export const hashLine = (resumeHash: string): string => JSON.stringify(resumeHash);

/** A peer's lines before its generation. */
export function peerHead(peer: NewPeerRecord): string {
  return [ownerToken(peer), peerLine(peer.peerId), sessionLine(peer), hashLine(peer.resumeHash)].join('\n');
}

/** A peer's record without its generation. */
export function peerBody(peer: NewPeerRecord): string {
  return JSON.stringify({ ...peer, generation: undefined });
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
  const record: unknown = JSON.parse(text.slice(text.lastIndexOf('\n') + 1));
  if (!isPeerRecord(record)) throw new Error('The text is no record of a peer.');
  return record;
}

/** @throws where the text is none of ours. */
export function decodeProducer(text: string): ProducerRecord {
  const end = text.lastIndexOf('\n');
  const record: unknown = JSON.parse(text.slice(end + 1));
  if (!isProducerRecord(record)) throw new Error('The text is no record of a producer.');
  return { ...record, paused: text[end - 1] === '1' };
}

type Fields = Record<string, unknown>;

const hasStrings = (value: unknown, ...names: string[]): value is Fields =>
  typeof value === 'object' && value !== null && names.every((name) => typeof (value as Fields)[name] === 'string');

/** Whether a value has all that is relied on in a peer's record. */
export function isPeerRecord(value: unknown): value is PeerRecord {
  return (
    hasStrings(value, 'node', 'boot', 'peerId', 'gateway', 'sessionId', 'resumeHash') &&
    Array.isArray(value['features']) &&
    typeof value['generation'] === 'number'
  );
}

/** Whether a value has all that is relied on in a producer's record. */
export function isProducerRecord(value: unknown): value is ProducerRecord {
  return (
    hasStrings(value, 'node', 'boot', 'producerId', 'peerId', 'kind', 'router') && typeof value['paused'] === 'boolean'
  );
}
