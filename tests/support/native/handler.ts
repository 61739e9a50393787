import type { types } from 'mediasoup-client';
import { HandlerInterface } from 'mediasoup-client/handlers/HandlerInterface';
import { Audio, PeerConnection, type Track, Video } from 'node-datachannel';
import { IceAgent } from './ice-agent.ts';
import type { Network } from './network.ts';
import { asksForKeyFrame, audio, formats, type Kind, PacketWriter, read, video } from './rtp.ts';
import { localDtlsParameters, type RemoteSection, remoteDescription } from './sdp.ts';
import { ReceivedTrack, type SourceTrack } from './tracks.ts';

const feedback: types.RtcpFeedback[] = [{ type: 'nack', parameter: 'pli' }];

const capabilities: types.RtpCapabilities = {
  codecs: [
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: audio.payloadType, clockRate: 48_000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: video.payloadType, clockRate: 90_000 },
  ],
  headerExtensions: [],
};
for (const codec of capabilities.codecs ?? []) {
  codec.parameters = {};
  codec.rtcpFeedback = codec.kind === 'video' ? feedback : [];
}

/** Chromium answers a second request for a key frame within this time with nothing. */
const requestsApartMs = 300;
let lastSsrc = 1_000_000;

interface Sender {
  track: SourceTrack;
  detach: () => void;
  /** No peer watches: nothing is encoded. */
  idle: boolean;
}

interface Receiver {
  track: ReceivedTrack;
  payloadType: number;
  /** Held, since a native track that is collected as garbage takes its listener with it. */
  native?: Track;
}

/**
 * WebRTC outside of a browser for the client's library: real ICE, DTLS and SRTP by libdatachannel, one peer connection a
 * transport, tracks that carry numbers instead of pictures and sound. For tests that need many clients, or every packet.
 */
class NativeHandler extends HandlerInterface {
  readonly name = 'Native';
  readonly #connection: PeerConnection;
  #remote: types.HandlerOptions;
  readonly #sections: RemoteSection[] = [];
  readonly #senders = new Map<string, Sender>();
  readonly #receivers = new Map<string, Receiver>();
  /** Restarts ICE and reports its state in place of the library, where the network to the node may be cut. */
  readonly #agent: IceAgent | undefined;
  readonly #network: Network | undefined;
  #connected = false;
  #closed = false;

  constructor(options: types.HandlerOptions, network: Network | undefined) {
    super();
    this.#remote = options;
    const { iceParameters: remote, iceCandidates: candidates } = options;
    const onState = (state: types.ConnectionState): void => this.#tell(state);
    this.#network = network;
    this.#agent = network && new IceAgent({ network, remote, candidates, onState });
    this.#connection = new PeerConnection('client', {
      iceServers: [],
      disableAutoNegotiation: true,
      forceMediaTransport: true,
      bindAddress: '127.0.0.1',
    });
    this.#connection.onStateChange((state) => this.#tell(state as types.ConnectionState));
    this.#connection.onTrack((native) => this.#arrived(native));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { detach } of this.#senders.values()) detach();
    this.#connection.close();
    this.#agent?.close();
    super.removeAllListeners();
  }

  async send({ track }: types.HandlerSendOptions): Promise<types.HandlerSendResult> {
    const source = track as unknown as SourceTrack;
    const mid = String(this.#sections.length);
    const ssrc = ++lastSsrc;
    await this.#reach();
    const native = this.#connection.addTrack(mediaOf(source.kind, mid, ssrc));
    const codecs = codecsOf(source.kind);
    this.#sections.push({ kind: source.kind, direction: 'recvonly', codecs });
    this.#connection.setLocalDescription('offer');
    this.#connection.setRemoteDescription(remoteDescription('answer', this.#remote, this.#sections), 'answer');
    await this.#connect();
    this.#senders.set(mid, this.#pump(source, native, ssrc));
    const rtcp = { cname: 'sluice', reducedSize: true };
    return { localId: mid, rtpParameters: { mid, codecs, headerExtensions: [], encodings: [{ ssrc }], rtcp } };
  }

  async stopSending(localId: string): Promise<void> {
    this.#senders.get(localId)?.detach();
    this.#senders.delete(localId);
  }

  async setMaxSpatialLayer(localId: string, spatialLayer: number): Promise<void> {
    const sender = this.#senders.get(localId);
    if (sender) sender.idle = spatialLayer < 0;
  }

  async receive(list: types.HandlerReceiveOptions[]): Promise<types.HandlerReceiveResult[]> {
    const received = list.map(({ kind, rtpParameters: { codecs, encodings } }) => {
      const track = new ReceivedTrack(kind);
      const localId = String(this.#sections.length);
      const ssrc = encodings?.[0]?.ssrc;
      this.#sections.push({ kind, direction: 'sendonly', codecs, ...(ssrc !== undefined && { ssrc }) });
      this.#receivers.set(localId, { track, payloadType: codecs[0]?.payloadType ?? -1 });
      return { localId, track: track.asMediaStreamTrack };
    });
    await this.#reach();
    this.#connection.setRemoteDescription(remoteDescription('offer', this.#remote, this.#sections), 'offer');
    this.#connection.setLocalDescription('answer');
    await this.#connect();
    return received;
  }

  async stopReceiving(localIds: string[]): Promise<void> {
    for (const localId of localIds) this.#receivers.delete(localId);
  }

  async getReceiverStats(localId: string): Promise<RTCStatsReport> {
    const received = this.#receivers.get(localId)?.track.received ?? 0;
    return new Map([['in', { type: 'inbound-rtp', framesDecoded: received, packetsReceived: received }]]);
  }

  /** Only the agent counts: the library's own figures leave media out. */
  async getTransportStats(): Promise<RTCStatsReport> {
    const id = 'transport';
    return new Map(this.#agent ? [[id, { id, type: id, bytesReceived: this.#agent.bytesReceived }]] : []);
  }

  async getSenderStats(): Promise<RTCStatsReport> {
    return new Map();
  }

  async replaceTrack(): Promise<void> {}
  async pauseSending(): Promise<void> {}
  async resumeSending(): Promise<void> {}
  async pauseReceiving(): Promise<void> {}
  async resumeReceiving(): Promise<void> {}
  async setRtpEncodingParameters(): Promise<void> {}
  async updateIceServers(): Promise<void> {}

  async restartIce(iceParameters: types.IceParameters): Promise<void> {
    if (!this.#agent || !this.#network?.restartsIce) throw new Error('The native library has no ICE restart.');
    this.#agent.restart(iceParameters);
  }

  async sendDataChannel(): Promise<never> {
    throw new Error('Native clients have no data channels.');
  }

  async receiveDataChannel(): Promise<never> {
    throw new Error('Native clients have no data channels.');
  }

  getDataChannelMaxMessageSize(): undefined {
    return undefined;
  }

  #tell(state: types.ConnectionState): void {
    if (!this.#closed) this.emit('@connectionstatechange', state);
  }

  /** From the first track on the library talks to the agent in place of the node. */
  async #reach(): Promise<void> {
    if (!this.#agent || this.#connected) return;
    this.#remote = { ...this.#remote, iceCandidates: [await this.#agent.begin()] };
  }

  async #connect(): Promise<void> {
    if (this.#connected) return;
    this.#connected = true;
    const local = this.#connection.localDescription();
    if (!local) throw new Error('There is no local description.');
    const dtlsParameters = localDtlsParameters(local.sdp);
    await new Promise<void>((resolve, reject) => this.emit('@connect', { dtlsParameters }, resolve, reject));
  }

  #pump(track: SourceTrack, native: Track, ssrc: number): Sender {
    const packets = new PacketWriter(track.kind, ssrc);
    let keyFrameDue = true;
    let lastRequest = -requestsApartMs;
    native.onMessage((packet) => {
      const now = performance.now();
      if (!asksForKeyFrame(packet) || now - lastRequest < requestsApartMs) return;
      lastRequest = now;
      keyFrameDue = true;
    });
    const detach = track.attach((number) => {
      if (sender.idle || !native.isOpen()) return;
      native.sendMessageBinary(packets.write(number, keyFrameDue));
      keyFrameDue = false;
    });
    const sender: Sender = { track, detach, idle: false };
    return sender;
  }

  #arrived(native: Track): void {
    const receiver = this.#receivers.get(native.mid());
    if (!receiver) return;
    receiver.native = native;
    const { payloadType, track } = receiver;
    const { kind } = track;
    let decodes = kind === 'audio';
    native.onMessage((packet) => {
      const ours = read(kind, payloadType, packet);
      decodes ||= ours?.keyFrame ?? false;
      if (ours && decodes) track.take(ours.number);
    });
  }
}

function mediaOf(kind: Kind, mid: string, ssrc: number): Audio | Video {
  const media = kind === 'audio' ? new Audio(mid, 'SendOnly') : new Video(mid, 'SendOnly');
  if ('addOpusCodec' in media) media.addOpusCodec(formats.audio.payloadType);
  else media.addVP8Codec(formats.video.payloadType);
  media.addSSRC(ssrc, 'sluice', 'sluice', `sluice-${mid}`);
  return media;
}

function codecsOf(kind: Kind): types.RtpCodecParameters[] {
  return (capabilities.codecs ?? [])
    .filter((codec) => codec.kind === kind)
    .map(({ mimeType, clockRate, channels, rtcpFeedback = [] }) => ({
      mimeType,
      payloadType: formats[kind].payloadType,
      clockRate,
      ...(channels !== undefined && { channels }),
      parameters: {},
      rtcpFeedback,
    }));
}

/** Clients whose media goes over this network, which can be cut. */
export const nativeHandlersOver = (network?: Network): types.HandlerFactory => ({
  name: 'Native',
  factory: (options) => new NativeHandler(options, network),
  getNativeRtpCapabilities: async () => structuredClone(capabilities),
});

export const nativeHandlers = nativeHandlersOver();
