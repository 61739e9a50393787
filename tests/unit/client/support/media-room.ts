import { joinRoom } from '@sluice/client';
import { FakeMediaStreamTrack } from 'fake-mediastreamtrack';
import type { types } from 'mediasoup-client';
import { vi } from 'vitest';
import * as fakeParameters from 'mediasoup-client/fakeParameters';
import { FakeHandler } from 'mediasoup-client/handlers/FakeHandler';
import { turns } from './fake-room.ts';
import { type FakeSocket, fakeSockets } from './fake-socket.ts';

type Frame = Record<string, unknown>;

/** mediasoup-client without a browser: the test says what its network does. */
class Network {
  readonly direction: string;
  readonly handler: FakeHandler;
  restarts = 0;
  closed = false;
  /** What its candidate pair has received, as the browser would count it. */
  bytesReceived = 0;
  /** The answers to its checks, counted apart. */
  responsesReceived = 0;

  constructor(options: types.HandlerOptions) {
    this.direction = options.direction;
    this.handler = factory.factory(options) as FakeHandler;
    const close = this.handler.close.bind(this.handler);
    this.handler.close = () => {
      this.closed = true;
      close();
    };
    this.handler.restartIce = async () => void this.restarts++;
    this.handler.getTransportStats = async () => {
      const { bytesReceived, responsesReceived } = this;
      const pair = { id: 'pair', type: 'candidate-pair', bytesReceived, responsesReceived };
      return new Map<string, object>([
        ['pair', pair],
        ['transport', { id: 'transport', type: 'transport', selectedCandidatePairId: 'pair' }],
      ]);
    };
  }

  /** Media flows for so many seconds. */
  async flows(seconds: number): Promise<void> {
    for (let tenth = 0; tenth < 10 * seconds; tenth++) {
      this.bytesReceived += 100;
      await vi.advanceTimersByTimeAsync(100);
    }
  }

  async turns(state: types.ConnectionState): Promise<void> {
    this.handler.setConnectionState(state);
    await turns();
  }
}

const factory = FakeHandler.createFactory(fakeParameters);

/** A gateway that answers what it is asked, and forgets transports when it is told to. */
class FakeGateway {
  readonly transports = new Set<string>();
  /** Refusals to give, by action, before anything is done. */
  readonly refusals = new Map<string, object>();
  readonly asked: Frame[] = [];
  #count = 0;

  constructor() {
    this.transports.add('given-send').add('given-recv');
  }

  /** Answers all that this connection has asked, and will. */
  serve(socket: FakeSocket): void {
    socket.onSend = (frame) => this.answer(socket, frame);
    for (const frame of [...socket.sent]) this.answer(socket, frame);
  }

  said(action: string): Frame[] {
    return this.asked.filter((frame) => frame['action'] === action);
  }

  answer(socket: FakeSocket, frame: Frame): void {
    this.asked.push(frame);
    const { id, action, transportId } = frame as { id: number; action: string; transportId?: string };
    const refusal = this.refusals.get(action);
    const isGone = transportId !== undefined && !this.transports.has(transportId);
    if (refusal) socket.receive({ type: 'error', id, action, message: '', temporary: false, ...refusal });
    else if (isGone)
      socket.receive({ type: 'error', id, action, code: 'transportNotFound', message: '', temporary: false });
    else socket.receive({ id, ...this.#reply(action, frame) });
  }

  #reply(action: string, frame: Frame): object {
    switch (action) {
      case 'join':
        return joined;
      case 'createWebRtcTransport': {
        const name = frame['direction'] === 'send' ? 'producerTransport' : 'consumerTransport';
        const parameters = transport(`made-${++this.#count}`);
        this.transports.add(parameters.id);
        return { type: name, [name]: parameters };
      }
      case 'resume':
        return { type: 'resumed', node: 'node-1', epoch: 3, seq: 10, events: [] };
      case 'connectTransport':
        return { type: 'transportConnected', transportId: frame['transportId'] };
      case 'restartIce':
        return { type: 'iceRestarted', transportId: frame['transportId'], iceParameters: {} };
      case 'produce':
        return { type: 'produced', producerId: `produced-${++this.#count}` };
      case 'consume': {
        const consumers = (frame['producerIds'] as string[]).map((producerId) => consumer(producerId, ++this.#count));
        return { type: 'consumed', consumers, failed: [] };
      }
      default:
        return { type: 'ok', action };
    }
  }
}

const transport = (id: string) => ({ ...fakeParameters.generateTransportRemoteParameters(), id });

/** A consumer as the gateway tells of it. */
export function consumer(producerId: string, count: number): object {
  const { rtpParameters } = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: 'video/VP8' });
  const id = `consumer-${count}`;
  return {
    id,
    producerId,
    peerId: 'ada',
    kind: 'video',
    type: 'simple',
    rtpParameters,
    producerPaused: false,
    path: 'node',
  };
}

const joined = {
  type: 'joined',
  room: 'demo',
  peerId: 'me',
  node: 'node-1',
  epoch: 3,
  seq: 10,
  peers: [],
  resumeToken: 'token',
  rtpCapabilities: fakeParameters.generateRouterRtpCapabilities(),
  iceServers: [{ urls: 'turn:turn.example:3478' }],
  producerTransport: transport('given-send'),
  consumerTransport: transport('given-recv'),
};

/** A room in which everything works, alone at first. Under fake timers. */
export async function mediaRoom() {
  const { made, WebSocket } = fakeSockets();
  const gateway = new FakeGateway();
  const networks: Network[] = [];
  const handlerFactory: types.HandlerFactory = {
    ...factory,
    factory: (options) => {
      const network = new Network(options);
      networks.push(network);
      return network.handler;
    },
  };
  const joining = joinRoom({ url: 'ws://gateway/ws', room: 'demo', WebSocket, handlerFactory });
  await turns();
  const socket = made[0] as FakeSocket;
  gateway.serve(socket);
  const room = await joining;
  let seq = 10;
  const happens = async (event: object) => {
    socket.receive({ epoch: 3, seq: ++seq, ...event });
    await turns();
  };
  const tells = async (event: object) => {
    socket.receive(event);
    await turns();
  };
  const adaJoins = async () => {
    await happens({ type: 'peerJoined', peerId: 'ada', name: 'Ada', node: 'node-1' });
    await happens({
      type: 'producerAdded',
      peerId: 'ada',
      producerId: 'cam',
      kind: 'video',
      source: 'camera',
      paused: false,
    });
    await turns();
  };
  const said = (action: string) => socket.sent.filter((frame) => frame['action'] === action);
  const heard: unknown[] = [];
  for (const name of ['mediaInterrupted', 'mediaRestored', 'mediaFailed'] as const) {
    room.on(name, ({ direction }) => heard.push(`${name} ${direction}`));
  }
  const network = (direction: string) => networks.findLast((one) => one.direction === direction)!;
  return { room, socket, made, gateway, networks, network, happens, tells, adaJoins, said, heard };
}

export const camera = () => new FakeMediaStreamTrack({ kind: 'video' }) as unknown as MediaStreamTrack;
export const microphone = () => new FakeMediaStreamTrack({ kind: 'audio' }) as unknown as MediaStreamTrack;

/** The notice of a move to two transports of that name, after a loss. */
export function moveTo(gateway: Pick<FakeGateway, 'transports'>, name: string): object {
  gateway.transports.add(`${name}-send`).add(`${name}-recv`);
  return {
    type: 'move',
    node: 'node-1',
    reason: 'workerLost',
    deadlineMs: 0,
    rtpCapabilities: joined.rtpCapabilities,
    producerTransport: transport(`${name}-send`),
    consumerTransport: transport(`${name}-recv`),
    consumers: [],
  };
}
