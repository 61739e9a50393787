import type { Clock, Logger } from '@sluice/shared';
import {
  App,
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
  type us_socket_context_t,
  type WebSocket,
} from 'uWebSockets.js';
import { addressOf } from './address.ts';
import { Admission, type Refusal } from './admission.ts';
import { Connection } from './connection.ts';
import { KeepAlive } from './keep-alive.ts';
import { mayConnect } from '../settings/origins.ts';
import { contentSecurityPolicy, type Page, pageFile } from './page.ts';
import type { Socket, SocketListener } from './socket.ts';

export interface SocketServerOptions {
  host: string;
  port: number;
  clock: Clock;
  log: Logger;
  /** Pages of other origins are refused, where any are given; see `origins.ts`. */
  allowedOrigins: readonly string[];
  maxSockets: number;
  /** Of one client's address; 0: any number. */
  maxSocketsPerAddress?: number;
  /** A connection was refused. */
  onRefused?: (why: Refusal) => void;
  /** Whether a proxy says in `x-forwarded-for` where a client is: then only that proxy may reach this port. */
  behindProxy?: boolean;
  /** Whether new connections are taken at the moment. */
  accepting?: () => boolean;
  page?: Page | undefined;
  /** A cluster on a developer's own machine: its page may be led by links. */
  development?: boolean;
  /** Called for each connection, once. Must not throw. */
  open(socket: Socket): SocketListener;
}

/** Larger frames than ours are still read, and answered with an error; beyond this the library closes. */
const maxPayloadBytes = 1024 * 1024;

/** Behind our own pings, for connections that are closing and whose client never answers. A multiple of four. */
const libraryIdleSeconds = 16;

/** The library copies these fields onto its own object: a class of ours would lose its methods. */
interface Slot {
  connection: Connection;
}

/** The WebSocket at `/ws` and the page beside it. The only place that knows the library. */
export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #keepAlive: KeepAlive;
  readonly #connections = new Set<Connection>();
  readonly #admission: Admission;
  readonly #app: TemplatedApp;
  #listening: us_listen_socket | undefined;
  /** One function for all connections. */
  readonly #forget = (connection: Connection): void => {
    if (this.#connections.delete(connection)) this.#admission.remove(connection.address);
    this.#keepAlive.remove(connection);
  };

  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#keepAlive = new KeepAlive(options.clock);
    const { maxSockets, maxSocketsPerAddress = 0 } = options;
    this.#admission = new Admission({ maxSockets, maxSocketsPerAddress });
    this.#app = this.#route(App());
  }

  /** The port listened on; the one asked for unless that was 0. */
  get port(): number {
    return this.#listening ? us_socket_local_port(this.#listening) : this.#options.port;
  }

  get bufferedBytes(): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection.bufferedBytes;
    return sum;
  }

  /** Rejects where the port is taken: the library would share it silently unless told not to. */
  listen(): Promise<void> {
    const { host, port } = this.#options;
    this.#keepAlive.start();
    return new Promise((resolve, reject) => {
      listenExclusively(this.#app, host, port, (token) => {
        if (!token) return reject(new Error(`Cannot listen on ${host}, port ${port}: is it in use?`));
        this.#listening = token;
        resolve();
      });
    });
  }

  /** No new connections; those that stand, stay. */
  stopListening(): void {
    if (this.#listening) us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /** Drops what still stands, without a word to the clients. */
  close(): void {
    this.stopListening();
    this.#keepAlive.stop();
    for (const connection of [...this.#connections]) connection.drop('stopped');
    this.#app.close();
  }

  #route(app: TemplatedApp): TemplatedApp {
    return app
      .ws<Slot>('/ws', {
        maxPayloadLength: maxPayloadBytes,
        // Our own bound comes first: the library would drop frames in the middle, the close frame among them.
        maxBackpressure: 0,
        idleTimeout: libraryIdleSeconds,
        sendPingsAutomatically: false,
        upgrade: (response, request, context) => this.#upgrade(response, request, context),
        open: (ws) => this.#open(ws),
        message: (ws, message, isBinary) => ws.getUserData().connection.receive(message, isBinary),
        pong: (ws) => ws.getUserData().connection.heard(),
        close: (ws, code) => ws.getUserData().connection.ended(code),
      })
      .any('/*', (response, request) => this.#servePage(response, request));
  }

  #upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void {
    const address = this.#addressOf(response, request);
    const refusal = this.#refusalOf(request, address);
    if (refusal) {
      this.#options.onRefused?.(refusal);
      const { status, text } = refusals[refusal];
      response.writeStatus(status).end(text);
      return;
    }
    response.upgrade<Slot>(
      { connection: new Connection(this.#options.clock, address, this.#forget) },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  #refusalOf(request: HttpRequest, address: string): Refusal | undefined {
    const { allowedOrigins, accepting, page } = this.#options;
    const asker = { origin: request.getHeader('origin'), host: request.getHeader('host') };
    if (!mayConnect(asker, allowedOrigins, page !== undefined)) return 'origin';
    if (accepting && !accepting()) return 'draining';
    return this.#admission.refusalOf(address);
  }

  #addressOf(response: HttpResponse, request: HttpRequest): string {
    const remote = Buffer.from(response.getRemoteAddressAsText()).toString();
    return addressOf(remote, this.#options.behindProxy ? request.getHeader('x-forwarded-for') : '');
  }

  #open(ws: WebSocket<Slot>): void {
    const { connection } = ws.getUserData();
    this.#connections.add(connection);
    this.#admission.add(connection.address);
    this.#keepAlive.add(connection);
    connection.open(ws, this.#options.open(connection));
  }

  #servePage(response: HttpResponse, request: HttpRequest): void {
    const { development = false } = this.#options;
    const policy = contentSecurityPolicy(request.getHeader('host'), development);
    const method = request.getMethod();
    const file = method === 'get' || method === 'head' ? pageFile(this.#options.page, request.getUrl()) : undefined;
    if (!file) {
      response.writeStatus('404 Not Found').end('There is nothing here.');
      return;
    }
    response
      .writeHeader('content-type', file.type)
      .writeHeader('cache-control', 'no-cache')
      .writeHeader('x-content-type-options', 'nosniff')
      // A page's address may carry a token.
      .writeHeader('referrer-policy', 'no-referrer')
      .writeHeader('content-security-policy', policy);
    if (method === 'head') response.endWithoutBody(Buffer.byteLength(file.body));
    else response.end(file.body);
  }
}

const refusals = {
  origin: { status: '403 Forbidden', text: 'This origin may not connect.' },
  draining: { status: '503 Service Unavailable', text: 'This gateway takes no connections at the moment.' },
  full: { status: '503 Service Unavailable', text: 'This gateway is full.' },
  address: { status: '429 Too Many Requests', text: 'There are too many connections from this address.' },
} as const satisfies Record<Refusal, object>;

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`, which the library's types declare as no value. */
const exclusivePort = 1;

/** The library takes host, port and options together; only its types don't say so. */
interface ExclusiveApp {
  listen(host: string, port: number, options: number, done: (token: us_listen_socket | false) => void): void;
}

function listenExclusively(
  app: TemplatedApp,
  host: string,
  port: number,
  done: (token: us_listen_socket | false) => void,
): void {
  (app as unknown as ExclusiveApp).listen(host, port, exclusivePort, done);
}
