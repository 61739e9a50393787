// The part of STUN (RFC 8489) that ICE with a lite server (RFC 8445) needs: binding requests and their answers.

import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const cookie = 0x2112a442;
const headerBytes = 20;
const types = { request: 0x0001, success: 0x0101 } as const;
const attributes = {
  username: 0x0006,
  integrity: 0x0008,
  mappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  controlling: 0x802a,
} as const;
const [integrityBytes, fingerprintBytes] = [24, 8];
const fingerprintMask = 0x5354554e;

export type StunType = keyof typeof types;

export interface StunMessage {
  type: StunType;
  transaction: string;
  username: string | undefined;
}

/** RTP, RTCP and DTLS share the port; STUN begins with two zero bits (RFC 7983). */
export const isStun = (packet: Buffer): boolean => (packet[0] ?? 255) < 4 && packet.length >= headerBytes;

/** Undefined for messages other than a binding request or its success. */
export function readStun(packet: Buffer): StunMessage | undefined {
  const kind = packet.readUInt16BE(0);
  const type = (Object.keys(types) as StunType[]).find((name) => types[name] === kind);
  if (!type) return undefined;
  let username: string | undefined;
  for (let at = headerBytes; at + 4 <= packet.length; ) {
    const length = packet.readUInt16BE(at + 2);
    if (packet.readUInt16BE(at) === attributes.username) username = packet.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length + padding(length);
  }
  return { type, transaction: packet.toString('hex', 8, headerBytes), username };
}

/** A controlling agent's check. `nominate`: this pair is to be used. */
export function bindingRequest(options: { username: string; password: string; priority: number; nominate: boolean }) {
  const { username, password, priority, nominate } = options;
  const transaction = randomBytes(12);
  const message = encode('request', transaction, password, [
    attribute(attributes.username, Buffer.from(username)),
    attribute(attributes.priority, uint32(priority)),
    attribute(attributes.controlling, Buffer.alloc(8, 1)),
    ...(nominate ? [attribute(attributes.useCandidate, Buffer.alloc(0))] : []),
  ]);
  return { message, transaction: transaction.toString('hex') };
}

/** What a lite server answers to a check that came from this IPv4 address. */
export function bindingSuccess(transaction: string, password: string, from: { address: string; port: number }): Buffer {
  const mapped = Buffer.alloc(8);
  mapped.writeUInt8(1, 1);
  mapped.writeUInt16BE(from.port ^ (cookie >>> 16), 2);
  mapped.writeUInt32BE((Buffer.from(from.address.split('.').map(Number)).readUInt32BE() ^ cookie) >>> 0, 4);
  return encode('success', Buffer.from(transaction, 'hex'), password, [attribute(attributes.mappedAddress, mapped)]);
}

function encode(type: StunType, transaction: Buffer, password: string, body: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(types[type], 0);
  header.writeUInt32BE(cookie, 4);
  transaction.copy(header, 8);
  const length = body.reduce((sum, { length: bytes }) => sum + bytes, 0);
  // Each of the two counts itself in the length, and not what comes after it.
  header.writeUInt16BE(length + integrityBytes, 2);
  const signed = Buffer.concat([header, ...body]);
  const integrity = attribute(attributes.integrity, createHmac('sha1', password).update(signed).digest());
  const whole = Buffer.concat([signed, integrity]);
  whole.writeUInt16BE(length + integrityBytes + fingerprintBytes, 2);
  const fingerprint = uint32((crc32(whole) ^ fingerprintMask) >>> 0);
  return Buffer.concat([whole, attribute(attributes.fingerprint, fingerprint)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(padding(value.length))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const padding = (length: number): number => (4 - (length % 4)) % 4;
