import { MediaNode, readNodeConfig } from '@sluice/media-node';
import type {
  Directory,
  GatewayId,
  NodeOperationName,
  OperationParams,
  OperationResults,
  RoomId,
  Timer,
} from '@sluice/shared';
import {
  channels,
  createBusMetrics,
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  createMetricsRegistry,
  Endpoint,
  newBootId,
  newPeerId,
  newSessionId,
  silentLogger,
} from '@sluice/shared';
import { eventually, ManualClock } from '@sluice/shared/testing';
import * as z from 'zod';

/** How long the node's clock runs between two looks at its workers, in ms: less than it takes them for dead. */
const stepMs = 250;

export interface LoneNodeOptions {
  settings?: Record<string, string>;
  /** Stands between the node and its directory: late, failing, counting. */
  wrap?: (directory: Directory) => Directory;
}

/**
 * A node with real workers, whose clock the test turns, and gateways that the test plays. There is no client: transports
 * are never reached, and media never flows.
 */
export class LoneNode implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly hub = createMemoryHub({ clock: this.clock });
  readonly directory: Directory;
  readonly node: MediaNode;
  readonly #gateways: PlayedGateway[] = [];

  private constructor({ settings = {}, wrap = (directory) => directory }: LoneNodeOptions) {
    const bus = createMemoryBus(this.hub);
    this.directory = createMemoryDirectory({ hub: this.hub, bus });
    const config = readNodeConfig({
      ...process.env,
      NODE_ID: 'node-1',
      WORKERS: '1',
      RTC_LISTEN_IP: '127.0.0.1',
      RTC_PORT: '0',
      OPS_HOST: '127.0.0.1',
      OPS_PORT: '0',
      ...settings,
    });
    const common = { bus, clock: this.clock, log: silentLogger };
    this.node = new MediaNode({ ...common, config, version: 'test', directory: wrap(this.directory) });
  }

  static async start(options: LoneNodeOptions = {}): Promise<LoneNode> {
    const lone = new LoneNode(options);
    await lone.node.start();
    return lone;
  }

  async gateway(name: string): Promise<PlayedGateway> {
    const gateway = new PlayedGateway(this, name);
    this.#gateways.push(gateway);
    await gateway.start();
    return gateway;
  }

  slice(room: string) {
    return this.node.slices.get(room as RoomId);
  }

  /** What the room's records say, as another process would read them. */
  records(room: string) {
    return this.directory.snapshot(room as RoomId);
  }

  /** Lets time pass for the node, its workers answering in between as they would. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(Math.min(stepMs, ms - passed));
      const { workers } = this.node.pool;
      await Promise.all(workers.map(({ worker }) => worker.getResourceUsage().catch(() => undefined)));
    }
  }

  /** Lets time pass until the answer is true: for what workers do in their own time. */
  until(what: string, ask: () => boolean): Promise<true> {
    return eventually(what, async () => {
      await this.clock.advance(10);
      return ask();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway.stop()));
    const stopped = this.node.stop();
    await this.clock.advance(10_000);
    await stopped;
  }
}

type Notice = { type: string } & Record<string, unknown>;

/** A gateway as a node knows it: an inbox, and heartbeats while it is not silent. */
export class PlayedGateway {
  readonly inbox: string;
  readonly endpoint: Endpoint;
  /** Events for sessions, in the order in which they came. */
  readonly notices: Notice[] = [];
  readonly #lone: LoneNode;
  readonly #name: string;
  readonly #bus;
  readonly #boot = newBootId();
  #beats: Timer | undefined;

  constructor(lone: LoneNode, name: string) {
    this.#lone = lone;
    this.#name = name;
    this.#bus = createMemoryBus(lone.hub);
    this.inbox = channels.gateway(name as GatewayId, this.#boot);
    this.endpoint = new Endpoint({
      bus: this.#bus,
      clock: lone.clock,
      log: silentLogger,
      metrics: createBusMetrics(createMetricsRegistry({ role: 'gateway', version: 'test' })),
      inbox: this.inbox,
      notices: {
        peerEvent: {
          body: z.any(),
          handle: (body: never) => void this.notices.push((body as { event: Notice }).event),
        },
      },
    });
  }

  async start(): Promise<void> {
    await this.endpoint.start();
    this.beat();
    await this.#lone.clock.advance(1);
  }

  /** Heartbeats again, from now on. */
  beat(): void {
    const { inbox: address } = this;
    const report = { kind: 'gateway', id: this.#name, boot: this.#boot, address, version: 'test', sessions: 1 };
    const say = () => {
      // A heartbeat that can't be sent is not sent later.
      this.#bus.publish(channels.registry, JSON.stringify({ ...report, draining: false })).catch(() => undefined);
    };
    this.#beats?.cancel();
    this.#beats = this.#lone.clock.setRepeating(say, 250);
    say();
  }

  /** Frozen, or cut off: it is not heard any more. */
  fallSilent(): void {
    this.#beats?.cancel();
  }

  async stop(): Promise<void> {
    this.#beats?.cancel();
    await this.endpoint.close();
  }

  /** A session of this gateway in a room, which has not joined yet. */
  session(room: string): PlayedSession {
    return new PlayedSession(this, this.#lone, room);
  }

  async join(room: string, more: Partial<OperationParams<'joinPeer'>> = {}): Promise<PlayedSession> {
    const session = this.session(room);
    await session.join(more);
    return session;
  }
}

/** A session, whose operations reach the node as a gateway sends them. */
export class PlayedSession {
  readonly peerId = newPeerId();
  readonly sessionId = newSessionId();
  readonly room: RoomId;
  joined: OperationResults['joinPeer'] | undefined;
  readonly #gateway: PlayedGateway;
  readonly #lone: LoneNode;

  constructor(gateway: PlayedGateway, lone: LoneNode, room: string) {
    this.#gateway = gateway;
    this.#lone = lone;
    this.room = room as RoomId;
  }

  async join(more: Partial<OperationParams<'joinPeer'>> = {}): Promise<void> {
    const { inbox: gateway } = this.#gateway;
    const fields = { gateway, resumeHash: `hash-of-${this.peerId}`, features: [], transports: true, ...more };
    this.joined = await this.ask('joinPeer', fields);
  }

  ask<O extends NodeOperationName>(operation: O, fields: object = {}, ttlMs = 2000): Promise<OperationResults[O]> {
    const { room, peerId, sessionId } = this;
    const params = { room, peerId, sessionId, ...fields } as unknown as OperationParams<O>;
    return this.#gateway.endpoint.call(this.#lone.node.endpoint.inbox, operation, params, { ttlMs });
  }

  /** The peer as the node has it. */
  get peer() {
    return this.#lone.slice(this.room)?.peers.get(this.peerId);
  }

  /** The peer as the room's records have it. */
  async record() {
    return (await this.#lone.records(this.room))?.peers.find(({ peerId }) => peerId === this.peerId);
  }

  async connect(which: 'producerTransport' | 'consumerTransport' = 'producerTransport'): Promise<string> {
    const transportId = this.joined?.[which]?.id ?? '';
    await this.ask('connectTransport', { transportId, dtlsParameters });
    return transportId;
  }

  /** A microphone on the sending transport. */
  async produce(fields: object = {}): Promise<string> {
    const transportId = this.joined?.producerTransport?.id;
    const params = { transportId, kind: 'audio', rtpParameters: microphone(), paused: false, ...fields };
    return (await this.ask('produce', params)).producerId;
  }
}

export const dtlsParameters = {
  role: 'client' as const,
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('00').join(':') }],
};

let ssrc = 1000;

export const microphone = () => ({
  mid: String(ssrc),
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 }],
  encodings: [{ ssrc: ssrc++ }],
  rtcp: { cname: 'test' },
});
