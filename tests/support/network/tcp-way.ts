import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { messagesIn } from '../redis/resp.ts';

/** After how many ms each copy of a published message reaches the subscriber; none: it never does. */
export type Fate = (channel: string) => readonly number[];

export type Direction = 'there' | 'back';

interface Passage {
  sockets: Record<Direction, Socket>;
  /** Bytes on their way, and when they are due: none overtakes another, however timers are rounded. */
  underWay: Record<Direction, { bytes: Buffer; due: number }[]>;
  held: Record<Direction, Buffer[]>;
  subscribes: boolean;
  rest: Buffer;
}

const prompt: Fate = () => [0];

/** A process's way to Redis, or a client's to a gateway. It can be cut, held, slowed, and be unkind to Redis's messages. */
export class TcpWay implements AsyncDisposable {
  readonly #target: number;
  readonly #server: Server;
  readonly #passages = new Set<Passage>();
  #cut = false;
  #held = new Set<Direction>();
  #delay = { ms: 0, jitterMs: 0 };
  #fate: Fate = prompt;
  #connections = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#open(client));
  }

  static async to(port: number): Promise<TcpWay> {
    const way = new TcpWay(port);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
    return address.port;
  }

  /** How many were made by it, ever. */
  get connections(): number {
    return this.#connections;
  }

  /** Connections end, and new ones end at once. */
  cut(): void {
    this.#cut = true;
    for (const passage of this.#passages) end(passage);
  }

  /** Connections stand, and nothing comes through until it heals: a network that swallows packets. */
  hold(...directions: Direction[]): void {
    this.#held = new Set(directions);
  }

  slow(ms: number, jitterMs = 0): void {
    this.#delay = { ms, jitterMs };
  }

  /** What becomes of published messages on their way to this process. */
  messages(fate: Fate): void {
    this.#fate = fate;
  }

  heal(): void {
    this.#cut = false;
    this.#held.clear();
    this.#delay = { ms: 0, jitterMs: 0 };
    this.#fate = prompt;
    for (const passage of this.#passages) {
      for (const direction of ['there', 'back'] as const) {
        for (const bytes of passage.held[direction].splice(0)) this.#send(passage, direction, bytes);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #open(client: Socket): void {
    if (this.#cut) return void client.destroy();
    const passage: Passage = {
      sockets: { there: connect(this.#target, '127.0.0.1'), back: client },
      underWay: { there: [], back: [] },
      held: { there: [], back: [] },
      subscribes: false,
      rest: Buffer.alloc(0),
    };
    this.#connections++;
    this.#passages.add(passage);
    client.on('data', (bytes) => {
      passage.subscribes ||= /subscribe\r\n/i.test(bytes.toString('latin1'));
      this.#pass(passage, 'there', bytes);
    });
    passage.sockets.there.on('data', (bytes) => this.#cameBack(passage, bytes));
    for (const socket of Object.values(passage.sockets)) {
      socket.setNoDelay(true);
      socket.on('error', () => end(passage));
      socket.on('close', () => {
        this.#passages.delete(passage);
        end(passage);
      });
    }
  }

  #cameBack(passage: Passage, bytes: Buffer): void {
    if (!passage.subscribes) return this.#pass(passage, 'back', bytes);
    const { frames, rest } = messagesIn(Buffer.concat([passage.rest, bytes]));
    passage.rest = rest;
    for (const { bytes: frame, channel } of frames) {
      const times = channel === undefined ? [0] : this.#fate(channel);
      for (const ms of times) {
        if (ms === 0) this.#pass(passage, 'back', frame);
        else setTimeout(() => this.#pass(passage, 'back', frame), ms);
      }
    }
  }

  #pass(passage: Passage, direction: Direction, bytes: Buffer): void {
    if (this.#held.has(direction)) return void passage.held[direction].push(bytes);
    const { ms, jitterMs } = this.#delay;
    const underWay = passage.underWay[direction];
    if (ms + jitterMs === 0 && underWay.length === 0) return this.#send(passage, direction, bytes);
    const due = Math.max(underWay.at(-1)?.due ?? 0, performance.now() + ms + Math.random() * jitterMs);
    underWay.push({ bytes, due });
    if (underWay.length === 1) this.#arrive(passage, direction);
  }

  /** One after the other. */
  #arrive(passage: Passage, direction: Direction): void {
    const [next] = passage.underWay[direction];
    if (!next) return;
    setTimeout(
      () => {
        passage.underWay[direction].shift();
        this.#send(passage, direction, next.bytes);
        this.#arrive(passage, direction);
      },
      Math.max(0, next.due - performance.now()),
    );
  }

  #send(passage: Passage, direction: Direction, bytes: Buffer): void {
    const socket = passage.sockets[direction];
    if (!socket.destroyed) socket.write(bytes);
  }
}

function end({ sockets }: Passage): void {
  for (const socket of Object.values(sockets)) socket.destroy();
}
