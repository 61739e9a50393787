import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import type { ServerEvent } from '../base/event-of.ts';
import { readFrame } from './frames.ts';
import { PendingRequests } from './pending-requests.ts';
import type { Signalling } from './signalling.ts';

/** Why a connection ended. `comeBack`: the server's close code, or its silence, says that reconnecting makes sense. */
export interface ConnectionEnd {
  code: number;
  reason: string;
  comeBack: boolean;
}

export interface ConnectionEvents {
  /** What happened, in the order in which the server sent it. */
  event: ServerEvent;
  /** An error that answers nothing of ours. */
  error: SluiceClientError;
  closed: ConnectionEnd;
}

export interface ConnectionOptions {
  /**
   * For an answer to an action, and for opening the WebSocket. Default 10,000 ms: a join may wait for a retry or two.
   */
  deadlineMs?: number;
  /** For tests, and for runtimes without a global one. */
  WebSocket?: new (
    url: string,
  ) => WebSocket;
}

export const defaultDeadlineMs = 10_000;
const endedBySelf = 1000;
const abnormal = 1006;
/** 4500–4999 say "don't come back"; a lost network or a killed gateway shows as a code below 4000. */
const firstFinalCode = 4500;

/** One WebSocket to a gateway: actions out, replies and events in. It knows nothing of rooms and never reopens. */
export class Connection implements Signalling {
  readonly #socket: WebSocket;
  readonly #deadlineMs: number;
  readonly #pending = new PendingRequests();
  readonly #emitter = new Emitter<ConnectionEvents>();
  #end: ConnectionEnd | undefined;
  #framesHeard = 0;
  /**
   * Events that came before there was a listener. Outside of browsers several frames may arrive in one turn: those
   * right behind the answer to `join` come before the code that awaits that has gone on.
   */
  #early: ServerEvent[] | undefined = [];
  #released = false;

  /** Use {@link Connection.open}. */
  constructor(socket: WebSocket, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
  }

  /** Rejects with `unreachable` when the WebSocket does not open within the deadline. */
  static async open(url: string, options: ConnectionOptions = {}): Promise<Connection> {
    const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
    const socket = new (options.WebSocket ?? globalThis.WebSocket)(url);
    await opened(socket, deadlineMs);
    const connection = new Connection(socket, deadlineMs);
    connection.#listen();
    return connection;
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  /** A request that timed out while none came was sent into a dead connection. */
  get framesHeard(): number {
    return this.#framesHeard;
  }

  on<T extends keyof ConnectionEvents>(type: T, listener: (value: ConnectionEvents[T]) => void): Off {
    if (type === 'event') this.#release();
    return this.#emitter.on(type, listener);
  }

  /**
   * Sends at once, so that actions reach the server in the order of these calls and may be pipelined.
   * Rejects with the server's error, with `timedOut` after the deadline, or with `connectionLost`.
   */
  request<A extends ActionName>(action: A, fields: ActionInput<A>, deadlineMs?: number): Promise<Replies[A]> {
    if (this.#end) return Promise.reject(lost(this.#end));
    const { id, reply } = this.#pending.open(action, deadlineMs ?? this.#deadlineMs);
    this.#socket.send(JSON.stringify({ ...(fields as object), action, id }));
    return reply;
  }

  /** Tells the server that we leave, also on a connection that was abandoned. */
  close(): void {
    this.#socket.close(endedBySelf);
    // The close handshake may take seconds on a dead network; for the page it is over now.
    this.#finish({ code: endedBySelf, reason: 'closed here', comeBack: false });
  }

  /** Over here, without a word to the server: a close frame would mean that we leave. */
  abandon(reason: string): void {
    this.#finish({ code: abnormal, reason, comeBack: true });
  }

  #listen(): void {
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data));
    this.#socket.addEventListener('close', ({ code, reason }) =>
      this.#finish({ code, reason, comeBack: code < firstFinalCode }),
    );
  }

  #receive(data: unknown): void {
    if (this.#end) return;
    this.#framesHeard++;
    const frame = readFrame(data);
    if (!frame) return;
    if ('id' in frame && this.#pending.settle(frame.id, frame)) return;
    if (frame.type === 'error') this.#emitter.emit('error', SluiceClientError.fromFrame(frame));
    else if (!('id' in frame)) this.#tell(frame as ServerEvent);
  }

  #tell(event: ServerEvent): void {
    if (this.#early) this.#early.push(event);
    else this.#emitter.emit('event', event);
  }

  /**
   * In a turn of its own: an app that has just joined sets its listeners first. What comes until then stays in order.
   */
  #release(): void {
    if (this.#released || !this.#early) return;
    this.#released = true;
    if (this.#early.length > 0) setTimeout(() => this.#flush(), 0);
    else this.#early = undefined;
  }

  #flush(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#emitter.emit('event', event);
  }

  #finish(end: ConnectionEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#pending.failAll(lost(end));
    this.#emitter.emit('closed', end);
    this.#emitter.clear();
  }
}

export function lost(end: ConnectionEnd): SluiceClientError {
  const why = end.reason || `code ${end.code}`;
  return new SluiceClientError('connectionLost', `The connection ended (${why}).`, { temporary: end.comeBack });
}

function opened(socket: WebSocket, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: SluiceClientError): void => {
      clearTimeout(timer);
      socket.removeEventListener('open', succeed);
      socket.removeEventListener('close', fail);
      if (!error) return resolve();
      socket.close();
      reject(error);
    };
    const succeed = (): void => settle();
    // A browser tells scripts nothing of the cause, so neither can we.
    const fail = (): void => settle(new SluiceClientError('unreachable', `No connection to ${socket.url}.`));
    const timer = setTimeout(fail, deadlineMs);
    socket.addEventListener('open', succeed);
    socket.addEventListener('close', fail);
  });
}
