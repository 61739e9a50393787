import { Connection } from '@sluice/client';
import type {
  ActionInput,
  ActionName,
  JoinedReply,
  Replies,
  RtpCapabilities,
  RtpParameters,
} from '@sluice/shared/protocol';
import type { Place } from '../clusters/topologies.ts';

let ssrcs = 1000;

/** What a browser would offer, as far as a node needs it. No media flows: producers and consumers are there. */
export function rtpParametersOf(kind: 'audio' | 'video'): RtpParameters {
  const codec =
    kind === 'audio'
      ? { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }
      : { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 };
  return { codecs: [codec], encodings: [{ ssrc: ++ssrcs }], rtcp: { cname: `cname-${ssrcs}` } };
}

/** A peer without a browser: a connection to a gateway, and transports that nobody connects. */
export class RawPeer implements AsyncDisposable {
  readonly connection: Connection;
  readonly joined: JoinedReply;

  private constructor(connection: Connection, joined: JoinedReply) {
    this.connection = connection;
    this.joined = joined;
  }

  static async join(
    { url, node }: Place,
    room: string,
    features: string[] = [],
    more: Partial<ActionInput<'join'>> = {},
  ): Promise<RawPeer> {
    const connection = await Connection.open(`${url.replace(/^http/, 'ws')}/ws`);
    const fields = { room, node, transports: true, features, ...more } as ActionInput<'join'>;
    return new RawPeer(connection, await connection.request('join', fields));
  }

  get sendTransportId(): string {
    return this.joined.producerTransport?.id ?? '';
  }

  get recvTransportId(): string {
    return this.joined.consumerTransport?.id ?? '';
  }

  ask<A extends ActionName>(action: A, fields: ActionInput<A>): Promise<Replies[A]> {
    return this.connection.request(action, fields);
  }

  async produce(kind: 'audio' | 'video'): Promise<string> {
    const fields = { transportId: this.sendTransportId, kind, rtpParameters: rtpParametersOf(kind) };
    return (await this.ask('produce', fields)).producerId;
  }

  /** With the node's own capabilities: it can decode all that the node can carry. */
  consume(...producerIds: string[]): Promise<Replies['consume']> {
    const rtpCapabilities: RtpCapabilities = this.joined.rtpCapabilities;
    return this.ask('consume', { producerIds, transportId: this.recvTransportId, rtpCapabilities });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
  }
}
