import type { TransportParameters } from '@sluice/shared/protocol';
import { type DataChannel, type DataChannelInitConfig, PeerConnection } from 'node-datachannel';
import type { RawPeer } from '../raw/raw-peer.ts';
import { dataDescription, localDtlsParameters } from './sdp.ts';

export type Reliability = Pick<DataChannelInitConfig, 'unordered' | 'maxRetransmits' | 'maxPacketLifeTime'>;

export interface Messages extends Disposable {
  readonly received: string[];
  /** What the server said of the channel. */
  readonly parameters: { ordered?: boolean; maxPacketLifeTime?: number; maxRetransmits?: number };
}

interface Opened extends Disposable {
  channel: DataChannel;
  open: Promise<void>;
}

/** The address that a peer's own end has: a cut between it and the server's then concerns this peer alone. */
export interface DataOptions {
  bindAddress?: string;
}

let lastStream = 0;

/** Sends over a channel of this kind, real ICE, DTLS and SCTP; resolves when it is open. */
export async function produceData(peer: RawPeer, reliability: Reliability, options: DataOptions = {}) {
  const streamId = ++lastStream;
  const sending = await openChannel(peer, peer.joined.producerTransport, { ...reliability, id: streamId }, options);
  const { unordered, ...limits } = reliability;
  const { dataProducerId } = await peer.ask('produceData', {
    transportId: peer.sendTransportId,
    sctpStreamParameters: { streamId, ordered: unordered !== true, ...limits },
    label: 'test',
  });
  await sending.open;
  return {
    dataProducerId,
    send: (text: string) => sending.channel.sendMessage(text),
    [Symbol.dispose]: sending[Symbol.dispose],
  };
}

/** Receives what is sent there, from the moment that this resolves on. */
export async function consumeData(
  peer: RawPeer,
  dataProducerId: string,
  wanted: { ordered?: boolean; maxPacketLifeTime?: number; maxRetransmits?: number } = {},
  options: DataOptions = {},
): Promise<Messages> {
  const answer = await peer.ask('consumeData', { dataProducerId, ...wanted });
  const parameters = answer.sctpStreamParameters;
  const receiving = await openChannel(peer, peer.joined.consumerTransport, { id: parameters.streamId }, options);
  const received: string[] = [];
  receiving.channel.onMessage((message) => received.push(String(message)));
  await receiving.open;
  return { received, parameters, [Symbol.dispose]: receiving[Symbol.dispose] };
}

async function openChannel(
  peer: RawPeer,
  transport: TransportParameters | undefined,
  config: DataChannelInitConfig,
  { bindAddress = '127.0.0.1' }: DataOptions,
): Promise<Opened> {
  if (!transport) throw new Error('This peer has joined without transports.');
  const connection = new PeerConnection('data', { iceServers: [], disableAutoNegotiation: true, bindAddress });
  const channel = connection.createDataChannel('test', { ...config, negotiated: true });
  const open = new Promise<void>((resolve) => {
    channel.onOpen(resolve);
  });
  connection.setLocalDescription('offer');
  connection.setRemoteDescription(dataDescription(transport), 'answer');
  const local = connection.localDescription();
  if (!local) throw new Error('There is no local description.');
  const dtlsParameters = localDtlsParameters(local.sdp);
  await peer.ask('connectTransport', { transportId: transport.id, dtlsParameters });
  return { channel, open, [Symbol.dispose]: () => connection.close() };
}
