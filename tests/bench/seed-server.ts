// The yardstick: the server that the seed describes, and nothing more. One process, one WebSocket server, one worker,
// one router a room; a second worker and `pipeToRouter` where the benchmark asks for them.
//
//   node tests/bench/seed-server.ts [WORKERS]

import { createWorker, type types } from 'mediasoup';
import { App, us_socket_local_port, type WebSocket } from 'uWebSockets.js';

interface Peer {
  peerId: string;
  room: Room;
  router: types.Router;
  transports: Map<string, types.WebRtcTransport>;
  consumers: Map<string, types.Consumer>;
}

interface Room {
  routers: Promise<types.Router>[];
  producers: Map<string, { producer: types.Producer; router: types.Router; peerId: string }>;
  pipes: Map<string, Promise<unknown>>;
}

type Produce = { transportId: string; kind: types.MediaKind; rtpParameters: types.RtpParameters };
type Consume = { transportId: string; producerId: string; rtpCapabilities: types.RtpCapabilities };

/** A frame as it comes: this server believes its clients. `getStats` and `worker` are the benchmark's, not the seed's. */
type Message =
  | { action: 'join'; room: string; worker?: number }
  | { action: 'createWebRtcTransport'; direction: 'send' | 'recv' }
  | { action: 'connectTransport'; transportId: string; dtlsParameters: types.DtlsParameters }
  | ({ action: 'produce' } & Produce)
  | ({ action: 'consume' } & Consume)
  | { action: 'resumeConsumer'; consumerId: string }
  | { action: 'getStats'; consumerId: string };

const mediaCodecs: types.RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
];
const listenInfos: types.TransportListenInfo[] = [{ protocol: 'udp', ip: '127.0.0.1' }];
const workerBin = process.env['MEDIASOUP_WORKER_BIN'];

const workers = await Promise.all(
  Array.from({ length: Number(process.argv[2] ?? 1) }, () =>
    createWorker({ logLevel: 'warn', ...(workerBin !== undefined && { workerBin }) }),
  ),
);
const rooms = new Map<string, Room>();
const peers = new WeakMap<WebSocket<unknown>, Peer>();
/** The library throws where a closed socket is written to. */
const open = new Set<WebSocket<unknown>>();
let peerNumber = 0;

async function join(ws: WebSocket<unknown>, { room: name, worker = 0 }: { room: string; worker?: number }) {
  const room = rooms.get(name) ?? { routers: [], producers: new Map(), pipes: new Map() };
  rooms.set(name, room);
  const router = await (room.routers[worker] ??= workers[worker]!.createRouter({ mediaCodecs }));
  const peerId = `peer-${++peerNumber}`;
  peers.set(ws, { peerId, room, router, transports: new Map(), consumers: new Map() });
  const there = [...room.producers.values()].map(({ producer: { id, kind }, peerId: owner }) => ({
    peerId: owner,
    producers: [{ producerId: id, kind, paused: false }],
  }));
  return { type: 'joined', room: name, peerId, rtpCapabilities: router.rtpCapabilities, peers: there };
}

async function createWebRtcTransport(peer: Peer, direction: 'send' | 'recv') {
  const transport = await peer.router.createWebRtcTransport({ listenInfos, enableUdp: true, preferUdp: true });
  peer.transports.set(transport.id, transport);
  const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
  const parameters = { id, iceParameters, iceCandidates, dtlsParameters };
  return direction === 'send'
    ? { type: 'producerTransport', producerTransport: parameters }
    : { type: 'consumerTransport', consumerTransport: parameters };
}

async function produce(peer: Peer, { transportId, kind, rtpParameters }: Produce) {
  const producer = await peer.transports.get(transportId)!.produce({ kind, rtpParameters });
  peer.room.producers.set(producer.id, { producer, router: peer.router, peerId: peer.peerId });
  producer.observer.once('close', () => peer.room.producers.delete(producer.id));
  return { type: 'produced', producerId: producer.id };
}

async function consume(peer: Peer, { transportId, producerId, rtpCapabilities }: Consume) {
  const { room, router } = peer;
  const source = room.producers.get(producerId)!;
  if (source.router !== router) {
    const key = `${producerId} ${router.id}`;
    if (!room.pipes.has(key)) room.pipes.set(key, source.router.pipeToRouter({ producerId, router }));
    await room.pipes.get(key);
  }
  const consumer = await peer.transports.get(transportId)!.consume({ producerId, rtpCapabilities, paused: true });
  peer.consumers.set(consumer.id, consumer);
  const { id, kind, type, rtpParameters, producerPaused } = consumer;
  const info = { id, producerId, peerId: source.peerId, kind, type, rtpParameters, producerPaused };
  return { type: 'consumed', consumers: [info], failed: [] };
}

async function connectTransport(peer: Peer, transportId: string, dtlsParameters: types.DtlsParameters) {
  await peer.transports.get(transportId)!.connect({ dtlsParameters });
  return { type: 'transportConnected', transportId };
}

async function resumeConsumer(peer: Peer, consumerId: string) {
  await peer.consumers.get(consumerId)!.resume();
  return { type: 'ok', action: 'resumeConsumer' };
}

async function answer(ws: WebSocket<unknown>, message: Message): Promise<object> {
  if (message.action === 'join') return join(ws, message);
  const peer = peers.get(ws)!;
  switch (message.action) {
    case 'createWebRtcTransport':
      return createWebRtcTransport(peer, message.direction);
    case 'connectTransport':
      return connectTransport(peer, message.transportId, message.dtlsParameters);
    case 'produce':
      return produce(peer, message);
    case 'consume':
      return consume(peer, message);
    case 'resumeConsumer':
      return resumeConsumer(peer, message.consumerId);
    case 'getStats':
      return { type: 'stats', stats: await peer.consumers.get(message.consumerId)!.getStats() };
  }
}

App()
  .ws('/ws', {
    maxPayloadLength: 1024 * 1024,
    open: (ws) => void open.add(ws),
    message: (ws, data) => {
      const send = (frame: object) => open.has(ws) && ws.send(JSON.stringify(frame));
      const message = JSON.parse(Buffer.from(data).toString()) as Message;
      const fail = (error: unknown) => send({ type: 'error', code: 'internal', message: String(error) });
      answer(ws, message).then(send, fail);
    },
    close: (ws) => {
      open.delete(ws);
      for (const transport of peers.get(ws)?.transports.values() ?? []) transport.close();
    },
  })
  .listen('127.0.0.1', 0, (socket) => {
    if (!socket) throw new Error('Cannot listen.');
    console.log(JSON.stringify({ port: us_socket_local_port(socket), workers: workers.map(({ pid }) => pid) }));
  });
