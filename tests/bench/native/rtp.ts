/** The RTP packets of a native publisher, and what a viewer reads of those that come. */

const headerBytes = 12;
/** RTCP shares the port; its packet types lie here, where no payload type of RTP does (RFC 5761). */
const firstRtcpType = 192;
const lastRtcpType = 223;

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
  const type = packet[1] ?? 0;
  return packet.length >= headerBytes && (type < firstRtcpType || type > lastRtcpType) && (type & 0x7f) === payloadType;
}
