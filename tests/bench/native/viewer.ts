import type { ConsumerInfo, JoinedReply, TransportParameters } from '@sluice/shared/protocol';
import type { PeerConnection, Track } from 'node-datachannel';
import { Exchange } from '../exchange.ts';
import { connected, connectTransport, enter, openConnection, type PeerOptions } from './connection.ts';
import { isMedia } from './rtp.ts';
import { offerToViewer, viewerCapabilities } from './sdp.ts';

/** When a viewer had got where, in ms since it sent `join`. */
export interface ViewerTimes {
  joined: number;
  consumed: number;
  resumed: number;
  connected: number;
  firstPacket: number;
}

/** Watches the first video track of a room over real ICE, DTLS and SRTP, and counts its packets. */
export class NativeViewer {
  readonly consumer: ConsumerInfo;
  /** Packets of media so far. */
  received = 0;
  readonly times: ViewerTimes;
  readonly #exchange: Exchange;
  readonly #connection: PeerConnection;
  readonly #began: number;
  readonly #firstPacket = Promise.withResolvers<void>();
  /** Held, since a track that is collected as garbage takes its listener with it. */
  #track: Track | undefined;

  private constructor(exchange: Exchange, connection: PeerConnection, consumer: ConsumerInfo, began: number) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.consumer = consumer;
    this.#began = began;
    this.times = { joined: 0, consumed: 0, resumed: 0, connected: 0, firstPacket: 0 };
    const type = consumer.rtpParameters.codecs[0]?.payloadType ?? -1;
    connection.onTrack((track) => {
      this.#track = track;
      track.onMessage((packet) => isMedia(packet, type) && this.#count());
    });
  }

  /** Resolves when it is connected and its consumer resumed. The clock starts at `join`: the socket stands by then. */
  static async start(options: PeerOptions): Promise<NativeViewer> {
    const exchange = await Exchange.open(options.url);
    const began = performance.now();
    const joined = await enter(exchange, options);
    const joinedAt = performance.now() - began;
    const { transport, consumer } = await consume(exchange, joined);
    const connection = openConnection('viewer');
    const viewer = new NativeViewer(exchange, connection, consumer, began);
    viewer.times.joined = joinedAt;
    viewer.times.consumed = viewer.#elapsed();
    const up = connected(connection).then(() => void (viewer.times.connected = viewer.#elapsed()));
    connection.setRemoteDescription(offerToViewer(transport, consumer.rtpParameters), 'offer');
    connection.setLocalDescription('answer');
    await connectTransport(exchange, transport, connection, 'consumer');
    await exchange.ask('resumeConsumer', { consumerId: consumer.id });
    viewer.times.resumed = viewer.#elapsed();
    await up;
    return viewer;
  }

  /** Resolves with the first packet of media. */
  get firstPacket(): Promise<void> {
    return this.#firstPacket.promise;
  }

  /** How many packets the server has sent on this consumer, by its own count. */
  async sentByServer(): Promise<number> {
    const { stats } = await this.#exchange.ask('getStats', { consumerId: this.consumer.id });
    const outbound = stats.find((entry): entry is { packetCount: number } => {
      return typeof entry === 'object' && entry !== null && 'type' in entry && entry['type'] === 'outbound-rtp';
    });
    return outbound?.packetCount ?? 0;
  }

  close(): void {
    this.#exchange.close();
    this.#track?.close();
    this.#connection.close();
  }

  #count(): void {
    if (this.received++ > 0) return;
    this.times.firstPacket = this.#elapsed();
    this.#firstPacket.resolve();
  }

  #elapsed(): number {
    return performance.now() - this.#began;
  }
}

async function consume(
  exchange: Exchange,
  { peers, rtpCapabilities }: JoinedReply,
): Promise<{ transport: TransportParameters; consumer: ConsumerInfo }> {
  const producerId = peers.flatMap(({ producers }) => producers).find(({ kind }) => kind === 'video')?.producerId;
  if (producerId === undefined) throw new Error('Nobody shows anything in this room.');
  const reply = await exchange.ask('createWebRtcTransport', { direction: 'recv' });
  if (!('consumerTransport' in reply)) throw new Error('A receiving transport was asked for.');
  const transport = reply.consumerTransport;
  const fields = { transportId: transport.id, producerId, rtpCapabilities: viewerCapabilities(rtpCapabilities) };
  const { consumers } = await exchange.ask('consume', fields);
  const [consumer] = consumers;
  if (!consumer) throw new Error('The server would not let this viewer consume.');
  return { transport, consumer };
}
