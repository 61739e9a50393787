/** The RTP packets of a native publisher, and what a viewer reads of those that come. */

import { isRtcp } from '../../support/native/rtp.ts';

const headerBytes = 12;

export interface PacketsOptions {
  ssrc: number;
  payloadType: number;
  /** Of the whole RTP packet, header and all. */
  bytes: number;
}

/** Writes one packet after the other into the same memory: the library encrypts it before `send` returns. */
export class Packets {
  readonly #packet: Buffer;
  #sequence = 0;

  constructor({ ssrc, payloadType, bytes }: PacketsOptions) {
    this.#packet = Buffer.alloc(bytes, 0x5a);
    // Version 2, the marker of a complete frame, VP8's one-byte descriptor: the start of partition 0.
    this.#packet[0] = 0x80;
    this.#packet[1] = 0x80 | payloadType;
    this.#packet.writeUInt32BE(ssrc, 8);
    this.#packet[headerBytes] = 0x10;
  }

  /** A frame in one packet. A consumer that has just resumed is sent nothing before a key frame. */
  next(keyFrame: boolean): Buffer {
    const number = this.#sequence++;
    this.#packet.writeUInt16BE(number & 0xffff, 2);
    this.#packet.writeUInt32BE((number * 180) % 2 ** 32, 4);
    // The frame header's lowest bit is 0 in a key frame.
    this.#packet[headerBytes + 1] = keyFrame ? 0x10 : 0x11;
    return this.#packet;
  }
}

/** Whether this is a packet of media: not RTCP, not a retransmission under another payload type. */
export function isMedia(packet: Uint8Array, payloadType: number): boolean {
  return packet.length >= headerBytes && !isRtcp(packet) && ((packet[1] ?? 0) & 0x7f) === payloadType;
}
