// The seed's client: what PROTOCOL.md ends with, field for field. No ids; one pending callback for each kind of message;
// a reply is whatever comes next with the type that is waited for. It knows nothing of the SDK, and must go on working.

import { Device, type types } from 'mediasoup-client';

type Frame = Record<string, unknown> & { type: string };

/** One connection of the seed's client, and everything that went over it. */
class SeedClient {
  readonly sent: Record<string, unknown>[] = [];
  readonly received: Frame[] = [];
  readonly #socket: WebSocket;
  readonly #callbacks = new Map<string, (frame: Frame) => void>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as Frame;
      this.received.push(frame);
      const callback = this.#callbacks.get(frame.type);
      this.#callbacks.delete(frame.type);
      callback?.(frame);
    });
  }

  static open(url: string): Promise<SeedClient> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(new SeedClient(socket)));
      socket.addEventListener('error', () => reject(new Error('The WebSocket did not open')));
    });
  }

  next(type: string): Promise<Frame> {
    return new Promise((resolve, reject) => {
      this.#callbacks.set(type, resolve);
      this.#callbacks.set('error', (frame) => reject(new Error(JSON.stringify(frame))));
    });
  }

  ask(frame: Record<string, unknown>, replyType: string): Promise<Frame> {
    const reply = this.next(replyType);
    this.sent.push(frame);
    this.#socket.send(JSON.stringify(frame));
    return reply;
  }
}

async function join(url: string, room: string) {
  const client = await SeedClient.open(url);
  const joined = await client.ask({ action: 'join', room }, 'joined');
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: joined['rtpCapabilities'] as types.RtpCapabilities });
  return { client, joined, device };
}

function connectAs(role: 'producer' | 'consumer', client: SeedClient, transport: types.Transport): void {
  transport.on('connect', ({ dtlsParameters }, connected, failed) => {
    const frame = { role, action: 'connectTransport', dtlsParameters, transportId: transport.id };
    client.ask(frame, 'transportConnected').then(() => connected(), failed);
  });
}

/** Sends the camera to the room. Returns when the server has answered `produced`. */
async function publish(url: string, room: string) {
  const { client, device } = await join(url, room);
  const asked = { action: 'createWebRtcTransport', direction: 'send' };
  const { producerTransport } = await client.ask(asked, 'producerTransport');
  const transport = device.createSendTransport(producerTransport as types.TransportOptions);
  connectAs('producer', client, transport);
  transport.on('produce', ({ kind, rtpParameters }, produced, failed) => {
    const frame = { action: 'produce', transportId: transport.id, kind, rtpParameters };
    client.ask(frame, 'produced').then(({ producerId }) => produced({ id: String(producerId) }), failed);
  });
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
  const producer = await transport.produce({ track: media.getVideoTracks()[0]! });
  return { client, producerId: producer.id };
}

/** The producer to watch: from the snapshot, or from the event when the publisher comes later. */
async function findProducer(client: SeedClient, joined: Frame): Promise<string> {
  const peers = joined['peers'] as { producers: { producerId: string }[] }[];
  const there = peers.flatMap(({ producers }) => producers)[0]?.producerId;
  return there ?? String((await client.next('producerAdded'))['producerId']);
}

async function view(url: string, room: string) {
  const { client, joined, device } = await join(url, room);
  const producerId = await findProducer(client, joined);
  const asked = { action: 'createWebRtcTransport', direction: 'recv' };
  const { consumerTransport } = await client.ask(asked, 'consumerTransport');
  const transport = device.createRecvTransport(consumerTransport as types.TransportOptions);
  connectAs('consumer', client, transport);
  const rtpCapabilities = device.recvRtpCapabilities;
  const consumed = await client.ask({ action: 'consume', producerId, rtpCapabilities }, 'consumed');
  const [info] = consumed['consumers'] as types.ConsumerOptions[];
  if (!info) throw new Error(`Nothing to consume: ${JSON.stringify(consumed)}`);
  const consumer = await transport.consume(info);
  await client.ask({ action: 'resumeConsumer', consumerId: consumer.id }, 'ok');
  const framesDecoded = async (): Promise<number> => {
    const inbound = [...(await consumer.getStats()).values()].find(({ type }) => type === 'inbound-rtp');
    return inbound?.framesDecoded ?? 0;
  };
  return { client, producerId, framesDecoded };
}

/** What went over both connections, in order. */
async function transcripts() {
  const of = ({ sent, received }: SeedClient) => ({ sent, received });
  const [publisher, viewer] = await Promise.all([window.publisher, window.viewer]);
  if (!publisher || !viewer) throw new Error('Both must have begun');
  return { publisher: of(publisher.client), viewer: of(viewer.client) };
}

declare global {
  interface Window {
    seed: { publish: typeof publish; view: typeof view; transcripts: typeof transcripts };
    publisher?: ReturnType<typeof publish>;
    viewer?: ReturnType<typeof view>;
  }
}

window.seed = { publish, view, transcripts };
