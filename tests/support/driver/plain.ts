import { Connection } from '@sluice/client';
import type { ConsumerInfo, JoinedReply, TransportParameters } from '@sluice/shared/protocol';
import { Device, type types } from 'mediasoup-client';

/** What the client library does by itself, done by hand: for what it has no word for. One sender, one receiver. */
export interface PlainJoin {
  url: string;
  room: string;
  node: string;
  /** The client is told of the node's TCP candidates only, as behind a firewall that drops UDP. */
  tcpOnly?: boolean;
}

type Direction = 'send' | 'recv';

interface Plain {
  connection: Connection;
  device: types.Device;
  transports: Record<Direction, types.Transport>;
  consumers: types.Consumer[];
}

let plain: Plain | undefined;

const there = (): Plain => {
  if (!plain) throw new Error('This tab has not joined plainly.');
  return plain;
};

export async function plainJoin({ url, room, node, tcpOnly = false }: PlainJoin): Promise<void> {
  const connection = await Connection.open(`${url.replace(/^http/, 'ws')}/ws`);
  const joined = await connection.request('join', { room, node, transports: true });
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: joined.rtpCapabilities as types.RtpCapabilities });
  const transports = {
    send: device.createSendTransport(optionsFor(joined.producerTransport, tcpOnly)),
    recv: device.createRecvTransport(optionsFor(joined.consumerTransport, tcpOnly)),
  };
  for (const transport of Object.values(transports)) wire(connection, transport);
  plain = { connection, device, transports, consumers: [] };
}

export async function plainPublish(): Promise<string> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 180 } });
  const [track] = stream.getVideoTracks();
  if (!track) throw new Error('There is no camera.');
  return (await there().transports.send.produce({ track })).id;
}

export async function plainConsume(producerId: string): Promise<void> {
  const { connection, device, transports, consumers } = there();
  const rtpCapabilities = device.recvRtpCapabilities as JoinedReply['rtpCapabilities'];
  const fields = { producerId, transportId: transports.recv.id, rtpCapabilities };
  const {
    consumers: [info],
  } = await connection.request('consume', fields);
  if (!info) throw new Error('It could not be consumed.');
  const consumer = await transports.recv.consume(consumeOptions(info));
  consumers.push(consumer);
  const element = document.createElement('video');
  element.srcObject = new MediaStream([consumer.track]);
  void element.play().catch(() => undefined);
  await connection.request('resumeConsumer', { consumerId: consumer.id });
}

export async function plainLeave(): Promise<void> {
  await plain?.connection.request('leave', {});
}

/** New credentials for a transport that stands: the same connection, found anew. */
export async function plainRestartIce(direction: Direction): Promise<void> {
  const { connection, transports } = there();
  const { iceParameters } = await connection.request('restartIce', { transportId: transports[direction].id });
  await transports[direction].restartIce({ iceParameters });
}

export interface PlainState {
  framesDecoded: number;
  /** Of each transport: the state of its connection, how its packets go, and whose credentials they carry. */
  send: Way;
  recv: Way;
}

interface Way {
  state: string;
  protocol: string;
  credentials: string;
}

export async function plainState(): Promise<PlainState> {
  const { transports, consumers } = there();
  const [consumer] = consumers;
  const report = consumer ? [...(await consumer.getStats()).values()] : [];
  const inbound = report.find((entry: { type: string }) => entry.type === 'inbound-rtp') as
    | { framesDecoded?: number }
    | undefined;
  const [send, recv] = await Promise.all([wayOf(transports.send), wayOf(transports.recv)]);
  return { framesDecoded: inbound?.framesDecoded ?? 0, send, recv };
}

type Entry = { type: string; id: string } & Record<string, unknown>;

async function wayOf(transport: types.Transport): Promise<Way> {
  const report = await transport.getStats();
  const entries = [...report.values()] as Entry[];
  const own = entries.find(({ type }) => type === 'transport');
  const pair = report.get(String(own?.['selectedCandidatePairId'])) as Entry | undefined;
  const remote = report.get(String(pair?.['remoteCandidateId'])) as Entry | undefined;
  return {
    state: transport.connectionState,
    protocol: String(remote?.['protocol'] ?? ''),
    credentials: String(remote?.['usernameFragment'] ?? own?.['iceLocalUsernameFragment'] ?? ''),
  };
}

function wire(connection: Connection, transport: types.Transport): void {
  const transportId = transport.id;
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    connection.request('connectTransport', { transportId, dtlsParameters }).then(() => done(), failed);
  });
  transport.on('produce', ({ kind, rtpParameters }, done, failed) => {
    const fields = { transportId, kind, rtpParameters: rtpParameters as ConsumerInfo['rtpParameters'] };
    connection.request('produce', fields).then(({ producerId }) => done({ id: producerId }), failed);
  });
}

function optionsFor(parameters: TransportParameters | undefined, tcpOnly: boolean): types.TransportOptions {
  if (!parameters) throw new Error('The join brought no transports.');
  const { id, iceParameters, iceCandidates, dtlsParameters } = parameters;
  const candidates = iceCandidates.filter(({ protocol }) => !tcpOnly || protocol === 'tcp');
  return { id, iceParameters, iceCandidates: candidates, dtlsParameters };
}

function consumeOptions({ id, producerId, kind, rtpParameters }: ConsumerInfo): types.ConsumerOptions {
  return { id, producerId, kind, rtpParameters: rtpParameters as types.RtpParameters };
}
