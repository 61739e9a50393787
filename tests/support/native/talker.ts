import { Audio, PeerConnection } from 'node-datachannel';
import type { RawPeer } from '../raw/raw-peer.ts';
import { audio } from './rtp.ts';
import { localDtlsParameters, remoteDescription } from './sdp.ts';

export interface Talker extends Disposable {
  readonly producerId: string;
  /** Sends sound of this loudness, in dBov, from now on; nothing is quieter than −127. */
  speak(volume: number): void;
}

const codec = { mimeType: 'audio/opus', payloadType: audio.payloadType, clockRate: audio.clockRate, channels: 2 };
const levelExtension = { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 } as const;
const silence = -127;
const headerBytes = 12;
/** One extension of a byte, as RFC 8285 packs it: its profile, its length in words, id and value, padding. */
const extensionBytes = 8;

let lastSsrc = 5_000_000;

/** A microphone of real RTP that says how loud it is. Its sound is no sound: only its level is looked at. */
export async function startTalking(peer: RawPeer): Promise<Talker> {
  const transport = peer.joined.producerTransport;
  if (!transport) throw new Error('This peer has joined without transports.');
  const ssrc = ++lastSsrc;
  const connection = new PeerConnection('talker', {
    iceServers: [],
    disableAutoNegotiation: true,
    forceMediaTransport: true,
    bindAddress: '127.0.0.1',
  });
  const media = new Audio('0', 'SendOnly');
  media.addOpusCodec(audio.payloadType);
  media.addSSRC(ssrc, 'sluice', 'sluice', 'talker');
  const track = connection.addTrack(media);
  const open = new Promise<void>((resolve) => {
    track.onOpen(resolve);
  });
  connection.setLocalDescription('offer');
  connection.setRemoteDescription(
    remoteDescription('answer', transport, [{ kind: 'audio', direction: 'recvonly', codecs: [codec] }]),
    'answer',
  );
  const dtlsParameters = localDtlsParameters(connection.localDescription()?.sdp ?? '');
  await peer.ask('connectTransport', { transportId: transport.id, dtlsParameters });
  const rtpParameters = {
    codecs: [codec],
    headerExtensions: [levelExtension],
    encodings: [{ ssrc }],
    rtcp: { cname: 'sluice' },
  };
  const { producerId } = await peer.ask('produce', { transportId: transport.id, kind: 'audio', rtpParameters });
  await open;
  const packets = new LevelledPackets(ssrc);
  let level = silence;
  const timer = setInterval(() => {
    if (track.isOpen()) track.sendMessageBinary(packets.next(level));
  }, audio.everyMs);
  return {
    producerId,
    speak: (volume) => {
      level = volume;
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      connection.close();
    },
  };
}

class LevelledPackets {
  readonly #packet = Buffer.alloc(headerBytes + extensionBytes + 4);
  #count = 0;

  constructor(ssrc: number) {
    this.#packet[0] = 0x90;
    this.#packet[1] = audio.payloadType;
    this.#packet.writeUInt32BE(ssrc, 8);
    this.#packet.writeUInt16BE(0xbede, headerBytes);
    this.#packet.writeUInt16BE(1, headerBytes + 2);
    this.#packet[headerBytes + 4] = levelExtension.id << 4;
  }

  next(volume: number): Buffer {
    this.#count++;
    this.#packet.writeUInt16BE(this.#count & 0xffff, 2);
    this.#packet.writeUInt32BE((this.#count * audio.everyMs * audio.clockRate) / 1000, 4);
    this.#packet[headerBytes + 5] = -volume;
    return this.#packet;
  }
}
