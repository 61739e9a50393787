import { setTimeout as wait } from 'node:timers/promises';
import { type PeerConnection, type Track, Video } from 'node-datachannel';
import { Exchange } from '../exchange.ts';
import { connected, connectTransport, enter, opened, openConnection, type PeerOptions } from './connection.ts';
import { Packets } from './rtp.ts';
import { answerToPublisher, payloadType, sentParameters } from './sdp.ts';

export interface PublisherOptions extends PeerOptions {
  packetBytes: number;
  /** One packet in so many is a key frame; 1: all are. */
  keyFrameEvery: number;
}

/** Packets at once after the process was held up: a larger burst would overflow a socket and say nothing of a server. */
const longestBurst = 8;

/** Each publisher has its own. */
const firstSsrc = 1_000_000;
let publisherCount = 0;

/** Sends one video track over real ICE, DTLS and SRTP. */
export class NativePublisher {
  readonly #exchange: Exchange;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #packets: Packets;
  readonly #keyFrameEvery: number;
  #sent = 0;
  #stopped = false;

  private constructor(exchange: Exchange, offer: Offer, options: PublisherOptions) {
    this.#exchange = exchange;
    const { connection, track, ssrc } = offer;
    this.#connection = connection;
    this.#track = track;
    this.#packets = new Packets({ ssrc, payloadType, bytes: options.packetBytes });
    this.#keyFrameEvery = options.keyFrameEvery;
  }

  static async start(options: PublisherOptions): Promise<NativePublisher> {
    const exchange = await Exchange.open(options.url);
    const offer = offerVideo();
    const { connection, track, ssrc } = offer;
    const publisher = new NativePublisher(exchange, offer, options);
    await enter(exchange, options);
    const reply = await exchange.ask('createWebRtcTransport', { direction: 'send' });
    if (!('producerTransport' in reply)) throw new Error('A sending transport was asked for.');
    const transport = reply.producerTransport;
    const up = Promise.all([connected(connection), opened(track)]);
    connection.setLocalDescription('offer');
    connection.setRemoteDescription(answerToPublisher(transport), 'answer');
    await connectTransport(exchange, transport, connection, 'producer');
    const fields = { transportId: transport.id, kind: 'video', rtpParameters: sentParameters(ssrc) } as const;
    await Promise.all([exchange.ask('produce', fields), up]);
    return publisher;
  }

  /** Sends so many packets at this rate. Returns how long it took, in ms. */
  async volley(count: number, perSecond: number): Promise<number> {
    const began = performance.now();
    let due = 0;
    for (let left = count; left > 0 && !this.#stopped; ) {
      if (this.#track.isClosed())
        throw new Error('A publisher was cut off: is this machine too busy to answer in time?');
      due = Math.min(longestBurst, left, due);
      for (let burst = Math.floor(due); burst > 0; burst--, due--, left--) this.#send();
      const slept = performance.now();
      await wait(1);
      due += ((performance.now() - slept) / 1000) * perSecond;
    }
    return performance.now() - began;
  }

  close(): void {
    this.#stopped = true;
    this.#exchange.close();
    this.#connection.close();
  }

  #send(): void {
    this.#track.sendMessageBinary(this.#packets.next(this.#sent++ % this.#keyFrameEvery === 0));
  }
}

interface Offer {
  connection: PeerConnection;
  track: Track;
  ssrc: number;
}

function offerVideo(): Offer {
  const connection = openConnection('publisher');
  const video = new Video('0', 'SendOnly');
  const ssrc = firstSsrc + publisherCount++;
  video.addVP8Codec(payloadType);
  video.addSSRC(ssrc, 'bench', 'bench', 'bench');
  return { connection, track: connection.addTrack(video), ssrc };
}
