import type { ActionInput, ActionName, Replies } from '@sluice/shared/protocol';

/** What is asked of both servers. Fields beyond these, such as a place to be, are each server's own. */
export type Asked =
  | 'join'
  | 'createWebRtcTransport'
  | 'connectTransport'
  | 'produce'
  | 'consume'
  | 'resumeConsumer'
  | 'getStats';

/** The types of all replies: anything else that comes is an event, and nothing here waits for one. */
const replyTypes = new Set([
  'joined',
  'producerTransport',
  'consumerTransport',
  'transportConnected',
  'produced',
  'consumed',
  'ok',
  'stats',
  'error',
]);

interface Waiting {
  action: string;
  settle(frame: Frame): void;
  fail(error: Error): void;
}

interface Frame {
  type: string;
  code?: string;
  message?: string;
}

/**
 * The seed's exchange over one WebSocket, as the seed's own client would do it: no `id` anywhere, one reply for each
 * action, in the order of the actions. Runs in Node and in a page, and against both servers: only the URL differs.
 */
export class Exchange {
  readonly #socket: WebSocket;
  readonly #waiting: Waiting[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Frame));
    socket.addEventListener('close', () => this.#end());
  }

  static open(url: string): Promise<Exchange> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(new Exchange(socket)), { once: true });
      socket.addEventListener('error', () => reject(new Error(`No connection to ${url}.`)), { once: true });
    });
  }

  ask<A extends Asked & ActionName>(action: A, fields: ActionInput<A> & object): Promise<Replies[A]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ action, settle: (frame) => resolve(frame as unknown as Replies[A]), fail: reject });
      this.#socket.send(JSON.stringify({ action, ...fields }));
    });
  }

  close(): void {
    this.#socket.close();
  }

  #receive(frame: Frame): void {
    if (!replyTypes.has(frame.type)) return;
    const first = this.#waiting.shift();
    if (frame.type !== 'error') first?.settle(frame);
    else first?.fail(new Error(`${first.action}: ${frame.code}, ${frame.message}`));
  }

  #end(): void {
    for (const waiting of this.#waiting.splice(0))
      waiting.fail(new Error(`The connection ended before ${waiting.action}.`));
  }
}
