import { Connection } from '@sluice/client';
import type { ConsumerInfo } from '@sluice/shared/protocol';
import type { PeerConnection } from 'node-datachannel';
import { connected, openConnection } from '../../bench/native/connection.ts';
import { offerToViewer, viewerCapabilities } from '../../bench/native/sdp.ts';
import { localDtlsParameters } from './sdp.ts';
import type { Place } from '../clusters/topologies.ts';

/**
 * A viewer over real ICE, DTLS and SRTP that understands `replace`: it takes every consumer that comes in another's place.
 * What it was sent is counted by its node: its own library knows the first one's SSRC alone.
 */
export class NativeWatcher implements AsyncDisposable {
  /** The consumers that it had, the newest last. */
  readonly consumers: ConsumerInfo[] = [];
  readonly events: string[] = [];
  readonly #connection: Connection;
  readonly #media: PeerConnection;

  private constructor(connection: Connection, media: PeerConnection) {
    this.#connection = connection;
    this.#media = media;
  }

  /** Resolves when it is connected and its consumers resumed. */
  static async start({ url, node }: Place, room: string, producerIds: string[]): Promise<NativeWatcher> {
    const connection = await Connection.open(`${url.replace(/^http/, 'ws')}/ws`);
    const joined = await connection.request('join', { room, node, transports: true, features: ['replace'] });
    const { consumerTransport: transport } = joined;
    if (!transport) throw new Error('The join brought no receiving transport.');
    const rtpCapabilities = viewerCapabilities(joined.rtpCapabilities);
    const fields = { producerIds, transportId: transport.id, rtpCapabilities };
    const { consumers } = await connection.request('consume', fields);
    const [first] = consumers;
    if (!first || consumers.length < producerIds.length) throw new Error('A producer could not be consumed.');
    const media = openConnection('watcher');
    const watcher = new NativeWatcher(connection, media);
    watcher.consumers.push(...consumers);
    watcher.#listen();
    const up = connected(media);
    media.setRemoteDescription(offerToViewer(transport, first.rtpParameters), 'offer');
    media.setLocalDescription('answer');
    const dtlsParameters = localDtlsParameters(media.localDescription()?.sdp ?? '');
    await connection.request('connectTransport', { transportId: transport.id, dtlsParameters });
    await connection.request('resumeConsumer', { consumerIds: consumers.map(({ id }) => id) });
    await up;
    return watcher;
  }

  /** Packets that its node has sent it by this consumer; its newest by default. Rejects where there is none any more. */
  async packets(consumerId = this.consumers.at(-1)?.id ?? ''): Promise<number> {
    const { stats } = await this.#connection.request('getStats', { consumerId });
    const counts = stats.map((entry) =>
      typeof entry === 'object' && entry !== null && 'packetCount' in entry && entry['type'] === 'outbound-rtp'
        ? Number(entry['packetCount'])
        : 0,
    );
    return Math.max(0, ...counts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    this.#media.close();
  }

  #listen(): void {
    this.#connection.on('event', (event) => {
      this.events.push(event.type);
      if (event.type !== 'consumerAdded') return;
      this.consumers.push(event.consumer);
      // It may be replaced again before it is resumed.
      this.#connection.request('resumeConsumer', { consumerIds: [event.consumer.id] }).catch(() => undefined);
    });
  }
}
