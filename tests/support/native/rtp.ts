/** The packets of native clients: each carries its number, so that its receiver knows which were lost. */

export const audio = { payloadType: 111, clockRate: 48_000, everyMs: 20 } as const;
export const video = { payloadType: 96, clockRate: 90_000, everyMs: 40 } as const;

export type Kind = 'audio' | 'video';
export const formats = { audio, video } as const;

const headerBytes = 12;
/** VP8's descriptor (1), the header of a key frame (10), and the number (4): a frame in one packet. */
const videoBytes = { descriptor: 1, frameHeader: 10 } as const;
const before = { audio: 0, video: videoBytes.descriptor + videoBytes.frameHeader } as const;
const numberBytes = 4;
/** RTCP shares the port; its packet types lie here, where no payload type of RTP does (RFC 5761). */
const firstRtcpType = 192;
const lastRtcpType = 223;
const feedback = { payloadSpecific: 206, pictureLoss: 1, fullIntraRequest: 4 } as const;

/** Writes the packets of one stream, each into the same memory: the library encrypts it before `send` returns. */
export class PacketWriter {
  readonly #kind: Kind;
  readonly #packet: Buffer;
  #sequence = Math.floor(Math.random() * 2 ** 15);

  constructor(kind: Kind, ssrc: number) {
    this.#kind = kind;
    this.#packet = Buffer.alloc(headerBytes + before[kind] + numberBytes);
    this.#packet[0] = 0x80;
    // The marker: a frame ends with each packet. On audio it would mark the begin of speech.
    this.#packet[1] = formats[kind].payloadType | (kind === 'video' ? 0x80 : 0);
    this.#packet.writeUInt32BE(ssrc, 8);
    if (kind === 'video') this.#packet.set([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01], headerBytes);
  }

  write(number: number, keyFrame: boolean): Buffer {
    const { clockRate, everyMs } = formats[this.#kind];
    this.#packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    this.#packet.writeUInt32BE(((number * everyMs * clockRate) / 1000) % 2 ** 32, 4);
    // The lowest bit of a frame's header is 0 in a key frame.
    if (this.#kind === 'video') this.#packet[headerBytes + 1] = keyFrame ? 0x10 : 0x11;
    this.#packet.writeUInt32BE(number, headerBytes + before[this.#kind]);
    return this.#packet;
  }
}

export const isRtcp = (packet: Uint8Array): boolean =>
  (packet[1] ?? 0) >= firstRtcpType && (packet[1] ?? 0) <= lastRtcpType;

/** Of our numbered packet in what came: the number, and whether one can begin to decode here. */
export interface Read {
  number: number;
  keyFrame: boolean;
}

/** Undefined for what is none of ours, such as RTCP and probing. */
export function read(kind: Kind, payloadType: number, packet: Buffer): Read | undefined {
  if (isRtcp(packet) || ((packet[1] ?? 0) & 0x7f) !== payloadType) return undefined;
  const payload = packet.subarray(payloadAt(packet));
  if (payload.length !== before[kind] + numberBytes) return undefined;
  return { number: payload.readUInt32BE(before[kind]), keyFrame: ((payload[videoBytes.descriptor] ?? 1) & 1) === 0 };
}

/** The node writes a header extension of its own before it. */
function payloadAt(packet: Buffer): number {
  const flags = packet[0] ?? 0;
  const sources = headerBytes + 4 * (flags & 0x0f);
  return flags & 0x10 ? sources + 4 + 4 * packet.readUInt16BE(sources + 2) : sources;
}

/** Whether RTCP that came for a sender asks for a key frame. */
export function asksForKeyFrame(packet: Buffer): boolean {
  for (let at = 0; at + 4 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) {
    const format = (packet[at] ?? 0) & 0x1f;
    const wanted = format === feedback.pictureLoss || format === feedback.fullIntraRequest;
    if (packet[at + 1] === feedback.payloadSpecific && wanted) return true;
  }
  return false;
}
