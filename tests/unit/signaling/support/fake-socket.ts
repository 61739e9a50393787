import { closeCodes, type CloseCodeName } from '@sluice/shared';
import type { SendResult, Socket, SocketEnd, SocketListener } from '../../../../apps/signaling/src/socket/socket.ts';
import { eventually } from './eventually.ts';

export interface ReceivedFrame {
  type: string;
  id?: string | number;
  [field: string]: unknown;
}

/** A client's end and the gateway's in one: what the client sends goes to the listener, what it gets is kept. */
export class FakeSocket implements Socket {
  readonly frames: ReceivedFrame[] = [];
  readonly texts: string[] = [];
  /** How many frames came in each write of several. */
  readonly writes: number[] = [];
  closedWith: number | undefined;
  bufferedBytes = 0;
  address = '192.0.2.1';
  listener: SocketListener | undefined;
  /** Also told of what the client gets, and of the code that ends it. */
  onFrame: (text: string) => void = () => undefined;
  onEnd: (code: number) => void = () => undefined;
  #ended = false;

  send(text: string): SendResult {
    if (this.#ended) return 'dropped';
    this.texts.push(text);
    this.frames.push(JSON.parse(text) as ReceivedFrame);
    this.onFrame(text);
    return 'sent';
  }

  sendAll(texts: readonly string[]): number {
    this.writes.push(texts.length);
    return texts.filter((text) => this.send(text) === 'sent').length;
  }

  end(code: CloseCodeName): void {
    this.closedWith ??= closeCodes[code];
    this.#end(code);
  }

  /** The client goes away. */
  disconnect(): void {
    this.#end('client');
  }

  /** The connection breaks, without a word from anybody. */
  lose(): void {
    this.#end('lost');
  }

  say(frame: unknown): void {
    this.listener?.text(JSON.stringify(frame));
  }

  sayRaw(text: string): void {
    this.listener?.text(text);
  }

  /** Sends, and resolves with what carries the same id. */
  async ask(frame: Record<string, unknown> & { id: string | number }): Promise<ReceivedFrame> {
    this.say(frame);
    // A thousand may ask at once, on a busy machine: the test's own limit comes first.
    return eventually(() => this.frames.find(({ id }) => id === frame.id), 30_000);
  }

  /** The frames of the types given, in the order they came. */
  of(...types: string[]): ReceivedFrame[] {
    return this.frames.filter(({ type }) => types.includes(type));
  }

  /** Room events: what has a number and is no reply. */
  get events(): ReceivedFrame[] {
    return this.frames.filter(({ type, seq }) => seq !== undefined && type !== 'joined' && type !== 'messageSent');
  }

  async waitFor(type: string, count = 1): Promise<ReceivedFrame> {
    return eventually(() => this.of(type)[count - 1]);
  }

  #end(end: SocketEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd(this.closedWith ?? 1006);
    this.listener?.closed(end);
  }
}
