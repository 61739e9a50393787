import { createConnection, type Socket as TcpSocket } from 'node:net';
import {
  type Clock,
  createMemoryBus,
  createMemoryDirectory,
  createMemoryHub,
  type MemoryHub,
  silentLogger,
  systemClock,
} from '@sluice/shared';
import { type Gateway, type Page, readGatewayConfig, startGateway } from '@sluice/signaling';
import { eventually } from '../../unit/signaling/support/eventually.ts';
import { FakeNode } from '../../unit/signaling/support/fake-node.ts';
import type { ReceivedFrame } from '../../unit/signaling/support/fake-socket.ts';
import { ManualClock } from '@sluice/shared/testing';

/** A real gateway on a free port, and a node without media behind it, on a bus in memory. */
export class Place implements AsyncDisposable {
  readonly clock: Clock;
  readonly hub: MemoryHub;
  readonly clients: WebSocket[] = [];
  readonly gateways: Gateway[] = [];
  node!: FakeNode;

  private constructor(clock: Clock) {
    this.clock = clock;
    this.hub = createMemoryHub({ clock });
  }

  static async create(options: { clock?: Clock; settings?: Record<string, string>; page?: Page } = {}): Promise<Place> {
    const place = new Place(options.clock ?? systemClock);
    const bus = createMemoryBus(place.hub);
    const directory = createMemoryDirectory({ hub: place.hub, bus });
    place.node = new FakeNode({ id: 'node-1', bus, directory, clock: place.clock });
    await place.node.start();
    await place.addGateway(options.settings, options.page);
    return place;
  }

  async addGateway(settings: Record<string, string> = {}, page?: Page): Promise<Gateway> {
    const bus = createMemoryBus(this.hub);
    const environment = { HOST: '127.0.0.1', PORT: '0', OPS_PORT: '0', ACTION_BURST: '10000', ...settings };
    const starting = startGateway({
      config: readGatewayConfig(environment),
      bus,
      directory: createMemoryDirectory({ hub: this.hub, bus }),
      clock: this.clock,
      log: silentLogger,
      page,
    });
    const gateway = await this.#whileTimePasses(starting);
    this.gateways.push(gateway);
    return gateway;
  }

  /** A clock that stands still would never let it start. */
  async #whileTimePasses<T>(work: Promise<T>): Promise<T> {
    const { clock } = this;
    if (!(clock instanceof ManualClock)) return work;
    const done = new AbortController();
    const result = work.finally(() => done.abort());
    while (!done.signal.aborted) await clock.advance(10);
    return result;
  }

  get gateway(): Gateway {
    return this.gateways[0] as Gateway;
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.gateway.opsPort}/metrics`)).text();
  }

  async connect(gateway: Gateway = this.gateway, headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client(`ws://127.0.0.1:${gateway.port}/ws`, headers);
    await client.opened;
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.gateways) await gateway.stop();
    await this.node.stop();
  }
}

/** Node's own WebSocket, as a test reads it. */
export class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly frames: ReceivedFrame[] = [];
  closedWith: { code: number; reason: string } | undefined;

  constructor(url: string, headers: Record<string, string> = {}) {
    // Headers are an extension of Node's: browsers send their own.
    this.socket = new WebSocket(url, { headers } as unknown as string[]);
    this.socket.addEventListener('message', ({ data }) => this.frames.push(JSON.parse(String(data)) as ReceivedFrame));
    this.socket.addEventListener('close', ({ code, reason }) => {
      this.closedWith = { code, reason };
    });
    this.opened = new Promise((resolve, reject) => {
      this.socket.addEventListener('open', () => resolve());
      this.socket.addEventListener('error', () => reject(new Error('The connection was refused.')));
    });
  }

  async ask(frame: Record<string, unknown> & { id: string | number }): Promise<ReceivedFrame> {
    this.socket.send(JSON.stringify(frame));
    return eventually(() => this.frames.find(({ id }) => id === frame.id));
  }

  async waitFor(type: string, count = 1): Promise<ReceivedFrame> {
    return eventually(() => this.frames.filter((frame) => frame.type === type)[count - 1]);
  }

  closed(): Promise<{ code: number; reason: string }> {
    return eventually(() => this.closedWith);
  }
}

/** A WebSocket of bare TCP: it answers no ping, and reads only when told to. */
export class RudeClient {
  readonly tcp: TcpSocket;
  received = Buffer.alloc(0);
  gone = false;

  private constructor(tcp: TcpSocket) {
    this.tcp = tcp;
    tcp.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    tcp.on('error', () => undefined);
    tcp.on('close', () => {
      this.gone = true;
    });
  }

  static async connect(port: number): Promise<RudeClient> {
    const client = new RudeClient(createConnection(port, '127.0.0.1'));
    const lines = ['GET /ws HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
    const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''];
    client.tcp.write([...lines, ...key].join('\r\n'));
    await eventually(() => client.received.includes('\r\n\r\n'));
    return client;
  }

  /** A masked text frame of less than 64 KiB. The mask is all zeros, which is allowed. */
  say(frame: unknown): void {
    const body = Buffer.from(JSON.stringify(frame));
    const head = Buffer.alloc(8);
    head.writeUInt8(0x81, 0);
    head.writeUInt8(0x80 | 126, 1);
    head.writeUInt16BE(body.length, 2);
    this.tcp.write(Buffer.concat([head, body]));
  }
}
