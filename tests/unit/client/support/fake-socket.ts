/** A WebSocket whose other end is the test. It opens in a microtask, unless it is told to refuse. */
export class FakeSocket extends EventTarget {
  readonly url: string;
  readonly sent: Record<string, unknown>[] = [];
  closedWith: number | undefined;
  /** A gateway that answers by itself. */
  onSend: ((frame: Record<string, unknown>) => void) | undefined;

  constructor(url: string, refuse = false) {
    super();
    this.url = url;
    queueMicrotask(() => this.dispatchEvent(refuse ? closeEvent(1006, '') : new Event('open')));
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Record<string, unknown>;
    this.sent.push(frame);
    this.onSend?.(frame);
  }

  close(code = 1005): void {
    this.closedWith ??= code;
  }

  /** What the server says. */
  receive(frame: object): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
  }

  /** The server's answer to the last action of this name. */
  answer(action: string, reply: object): void {
    const last = this.sent.findLast((frame) => frame['action'] === action);
    if (!last) throw new Error(`No ${action} was sent`);
    this.receive({ ...reply, id: last['id'] });
  }

  /** The server, or the network, ends it. */
  end(code: number, reason = ''): void {
    this.dispatchEvent(closeEvent(code, reason));
  }

  actions(): unknown[] {
    return this.sent.map((frame) => frame['action']);
  }
}

/** A constructor for `ConnectionOptions.WebSocket`, and the sockets that it has made. */
export function fakeSockets(options: { refuse?: boolean } = {}) {
  const made: FakeSocket[] = [];
  class Constructed extends FakeSocket {
    constructor(url: string) {
      super(url, options.refuse);
      made.push(this);
    }
  }
  // The part of a WebSocket that a connection uses.
  return { made, WebSocket: Constructed as unknown as new (url: string) => WebSocket };
}

function closeEvent(code: number, reason: string): Event {
  return Object.assign(new Event('close'), { code, reason });
}
