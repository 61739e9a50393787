// What runs in the page: a publisher, and a subscriber who joins and waits for the first frame. `exchange` is the
// seed's exchange on plain mediasoup-client, the same code for both servers; `sdk` is Sluice's own client.

import { joinRoom } from '@sluice/client';
import type { JoinedReply, TransportParameters } from '@sluice/shared/protocol';
import { Device, type types } from 'mediasoup-client';
import { Exchange } from '../exchange.ts';

export interface Place {
  url: string;
  room: string;
  /** A node of the cluster's; the seed's server has none. */
  node?: string;
}

/** When a subscriber had got where, in ms since `join` was sent. */
export interface JoinTimes {
  joined: number;
  consumed: number;
  resumed: number;
  connected: number;
  frame: number;
}

const placeFields = ({ room, node }: Place) => ({ room, ...(node !== undefined && { node }) });

/** Resolves when the next frame of a new video element is shown to the page. */
function firstFrame(track: MediaStreamTrack): { frame: Promise<void>; remove: () => void } {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  const frame = new Promise<void>((resolve) => video.requestVideoFrameCallback(() => resolve()));
  void video.play();
  return { frame, remove: () => video.remove() };
}

async function load({ rtpCapabilities }: JoinedReply): Promise<Device> {
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: rtpCapabilities as types.RtpCapabilities });
  return device;
}

function connectWith(exchange: Exchange, transport: types.Transport, role: 'producer' | 'consumer'): void {
  transport.on('connect', ({ dtlsParameters }, connected, failed) => {
    exchange
      .ask('connectTransport', { role, dtlsParameters, transportId: transport.id })
      .then(() => connected(), failed);
  });
}

async function publish(place: Place): Promise<void> {
  const exchange = await Exchange.open(place.url);
  const device = await load(await exchange.ask('join', placeFields(place)));
  const reply = await exchange.ask('createWebRtcTransport', { direction: 'send' });
  if (!('producerTransport' in reply)) throw new Error('A sending transport was asked for.');
  const transport = device.createSendTransport(reply.producerTransport as types.TransportOptions);
  connectWith(exchange, transport, 'producer');
  transport.on('produce', ({ kind, rtpParameters }, produced, failed) => {
    const fields = { transportId: transport.id, kind, rtpParameters: rtpParameters as never };
    exchange.ask('produce', fields).then(({ producerId }) => produced({ id: producerId }), failed);
  });
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360, frameRate: 30 } });
  const [track] = media.getVideoTracks();
  await transport.produce({ ...(track && { track }) });
}

function producerIn({ peers }: JoinedReply): string {
  const producer = peers.flatMap(({ producers }) => producers).find(({ kind }) => kind === 'video');
  if (!producer) throw new Error('Nobody shows anything in this room.');
  return producer.producerId;
}

/** Resolves with the time at which ICE and DTLS were through. */
function whenConnected(transport: types.Transport, elapsed: () => number): Promise<number> {
  return new Promise((resolve) => {
    transport.on('connectionstatechange', (state) => state === 'connected' && resolve(elapsed()));
  });
}

async function joinByExchange(place: Place): Promise<JoinTimes> {
  const exchange = await Exchange.open(place.url);
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const reply = await exchange.ask('join', placeFields(place));
  const joined = elapsed();
  const device = await load(reply);
  const made = await exchange.ask('createWebRtcTransport', { direction: 'recv' });
  if (!('consumerTransport' in made)) throw new Error('A receiving transport was asked for.');
  const parameters: TransportParameters = made.consumerTransport;
  const transport = device.createRecvTransport(parameters as types.TransportOptions);
  connectWith(exchange, transport, 'consumer');
  const connected = whenConnected(transport, elapsed);
  const rtpCapabilities = device.recvRtpCapabilities as never;
  const fields = { transportId: transport.id, producerId: producerIn(reply), rtpCapabilities };
  const [info] = (await exchange.ask('consume', fields)).consumers;
  if (!info) throw new Error('The server would not let this page consume.');
  const consumed = elapsed();
  const consumer = await transport.consume(info as types.ConsumerOptions);
  const { frame, remove } = firstFrame(consumer.track);
  await exchange.ask('resumeConsumer', { consumerId: info.id });
  const resumed = elapsed();
  await frame;
  const times = { joined, consumed, resumed, connected: await connected, frame: elapsed() };
  remove();
  transport.close();
  exchange.close();
  return times;
}

async function joinBySdk({ url, ...place }: Place): Promise<JoinTimes> {
  let began = Number.NaN;
  const elapsed = (): number => performance.now() - began;
  // The clock starts where the exchange's does: when `join` goes out, on a socket that stands.
  class Timed extends WebSocket {
    override send(data: string): void {
      if (Number.isNaN(began)) began = performance.now();
      super.send(data);
    }
  }
  const room = await joinRoom({ url, ...placeFields({ url, ...place }), WebSocket: Timed });
  const joined = elapsed();
  const track = await new Promise<MediaStreamTrack>((resolve, reject) => {
    room.on('subscribed', (subscription) => resolve(subscription.track));
    room.on('subscribeFailed', ({ error }) => reject(error));
  });
  const consumed = elapsed();
  const { frame, remove } = firstFrame(track);
  await frame;
  const times = { joined, consumed, resumed: Number.NaN, connected: Number.NaN, frame: elapsed() };
  remove();
  await room.leave();
  return times;
}

const bench = { publish, joinByExchange, joinBySdk };

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
