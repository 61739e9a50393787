import { type PeerConnection, type Track, Video } from 'node-datachannel';
import { setTimeout as wait } from 'node:timers/promises';
import { isMedia, Packets } from '../native/rtp.ts';
import { connected, openConnection, opened } from '../native/connection.ts';
import { payloadType } from '../native/sdp.ts';

export interface Ceiling {
  /** Packets that this process sent and received in a second, both ends of the way its own. */
  packetsPerSecond: number;
  /** CPU of this process for a packet sent and received, in µs. */
  microsecondsPerPacket: number;
}

/** Packets to each peer before the process looks after those that came: more would overflow their sockets. */
const burst = 16;

interface Pair {
  track: Track;
  /** Held, since a track that is collected as garbage takes its listener with it. */
  received: Track[];
  packets: Packets;
  close(): void;
}

/**
 * What the generator can do by itself, without any server: peers connected to each other, sending as fast as they can.
 * A figure near it would be the generator's and not a server's.
 */
export async function generatorCeiling(options: {
  pairs: number;
  packetBytes: number;
  seconds: number;
}): Promise<Ceiling> {
  let received = 0;
  const pairs = await Promise.all(
    Array.from({ length: options.pairs }, (_, index) => openPair(index + 1, options.packetBytes, () => received++)),
  );
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  const until = began + options.seconds * 1000;
  for (let sent = 0; performance.now() < until; ) {
    for (const { track, packets } of pairs) {
      for (let count = 0; count < burst; count++, sent++) track.sendMessageBinary(packets.next(true));
    }
    // No faster than they arrive: a lost packet is no throughput.
    while (sent - received > burst * pairs.length && performance.now() < until) await wait(0);
  }
  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - began) / 1000;
  for (const pair of pairs) pair.close();
  return { packetsPerSecond: received / seconds, microsecondsPerPacket: (cpu.user + cpu.system) / received };
}

async function openPair(index: number, packetBytes: number, onPacket: () => void): Promise<Pair> {
  const ssrc = 2_000_000 + index;
  const [sender, receiver] = [openConnection('sender'), openConnection('receiver')];
  const video = new Video('0', 'SendOnly');
  video.addVP8Codec(payloadType);
  video.addSSRC(ssrc, 'bench', 'bench', 'bench');
  const track = sender.addTrack(video);
  const received: Track[] = [];
  receiver.onTrack((one) => {
    received.push(one);
    one.onMessage((packet) => isMedia(packet, payloadType) && onPacket());
  });
  const up = [connected(sender), connected(receiver), opened(track)];
  sender.setLocalDescription('offer');
  receiver.setRemoteDescription(await gathered(sender), 'offer');
  receiver.setLocalDescription('answer');
  sender.setRemoteDescription(await gathered(receiver), 'answer');
  await Promise.all(up);
  const packets = new Packets({ ssrc, payloadType, bytes: packetBytes });
  const close = () => [sender, receiver].forEach((connection) => connection.close());
  return { track, received, packets, close };
}

/** The description once it has all its candidates: there is nobody to trickle them. */
async function gathered(connection: PeerConnection): Promise<string> {
  for (let tries = 0; tries < 500 && connection.gatheringState() !== 'complete'; tries++) await wait(10);
  return connection.localDescription()?.sdp ?? '';
}
