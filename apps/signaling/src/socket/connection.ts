import { closeCodes, type Clock, type CloseCodeName } from '@sluice/shared';
import { maxFrameBytes } from '@sluice/shared/protocol';
import type { Pinged } from './keep-alive.ts';
import type { SendResult, Socket, SocketEnd, SocketListener } from './socket.ts';

/**
 * A client that reads nothing is closed beyond this many bytes. More lets a bad network last longer, and costs that
 * much memory for each such client.
 */
export const maxBufferedBytes = 1024 * 1024;

/** The library's WebSocket, as far as it is used here. Each call throws once the WebSocket is closed. */
export interface Wire {
  /** 1: sent; 0: buffered; 2: dropped. */
  send(text: string): number;
  /** What is sent within `run` goes out in one write. */
  cork(run: () => void): unknown;
  end(code: number, reason: string): void;
  close(): void;
  ping(): unknown;
  getBufferedAmount(): number;
}

/** One client's WebSocket. The library's own is let go of in the very call that says that it is closed. */
export class Connection implements Socket, Pinged {
  readonly address: string;
  readonly #clock: Clock;
  readonly #forget: (connection: Connection) => void;
  heardAt: number;
  #ws: Wire | undefined;
  #listener: SocketListener | undefined;
  /** What ends it, where that is us. */
  #cause: SocketEnd | undefined;

  constructor(clock: Clock, address: string, forget: (connection: Connection) => void) {
    this.address = address;
    this.#clock = clock;
    this.#forget = forget;
    this.heardAt = clock.now();
  }

  open(ws: Wire, listener: SocketListener): void {
    this.#ws = ws;
    this.#listener = listener;
    this.heard();
  }

  get bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  send(text: string): SendResult {
    if (!this.#ws || this.#cause) return 'dropped';
    // Judged before the frame is added: a large frame alone is not a slow reader.
    if (this.#ws.getBufferedAmount() > maxBufferedBytes) {
      this.end('slowConsumer');
      return 'dropped';
    }
    return sendResults[this.#ws.send(text)] ?? 'dropped';
  }

  sendAll(texts: readonly string[]): number {
    let sent = 0;
    this.#ws?.cork(() => {
      for (const text of texts) {
        if (this.send(text) === 'dropped') return;
        sent++;
      }
    });
    return sent;
  }

  end(code: CloseCodeName, reason = ''): void {
    if (this.#cause) return;
    this.#cause = code;
    this.#ws?.end(closeCodes[code], reason);
  }

  drop(cause: SocketEnd): void {
    if (this.#cause) return;
    this.#cause = cause;
    this.#ws?.close();
  }

  receive(message: ArrayBuffer, isBinary: boolean): void {
    if (this.#cause) return;
    this.heard();
    if (message.byteLength > maxFrameBytes) this.#listener?.unreadable('tooLarge');
    else if (isBinary) this.#listener?.unreadable('binary');
    else this.#listener?.text(Buffer.from(message).toString());
  }

  heard(): void {
    this.heardAt = this.#clock.now();
  }

  ping(): void {
    this.#ws?.ping();
  }

  dead(): void {
    this.drop('dead');
  }

  /** The library has closed it: nothing of it may be touched any more. */
  ended(code: number): void {
    this.#ws = undefined;
    this.#cause ??= saidGoodbye.has(code) ? 'client' : 'lost';
    this.#forget(this);
    this.#listener?.closed(this.#cause);
  }
}

/** What the library's `send` returns. */
const sendResults: readonly SendResult[] = ['queued', 'sent', 'dropped'];

/** Closed by the page (1000, or without a code), or by the browser that leaves the page (1001). */
const saidGoodbye: ReadonlySet<number> = new Set([1000, 1001, 1005]);
