import { type Clock, type CloseCodeName, type Logger, Mailbox, type SluiceError } from '@sluice/shared';
import type { ClientMoveEvent, ClientPeerEvent, ErrorFrame, LeaveReason, Reply } from '@sluice/shared/protocol';
import type { FrameKind, GatewayMetrics } from '../metrics.ts';
import type { FrameFault, Socket, SocketEnd, SocketListener } from '../socket/socket.ts';
import { type Head, readFrame } from './frames.ts';
import { Offences, type Rate, TokenBucket } from './limits.ts';
import { frameFaults, overflow, tooFast } from './refusals.ts';
import type { Seat, SeatClient } from './seat.ts';
import type { SessionState } from './state.ts';

/** More actions than these in line mean a client that doesn't wait for anything, or a node that doesn't answer. */
const maxWaiting = 128;
/** And so many characters in all: what one connection may keep in memory here. A browser's `produce` has about 3,000. */
const maxWaitingLength = 512 * 1024;

/** Ends that the client or an operator wanted: their peers leave. After all others the peer waits for a resume. */
const meant: ReadonlySet<SocketEnd> = new Set<SocketEnd>([
  'client',
  'protocolAbuse',
  'unauthorized',
  'kicked',
  'roomClosed',
]);

/** What all sessions of a gateway share. */
export interface SessionServices {
  actionRate: Rate;
  clock: Clock;
  log: Logger;
  metrics: GatewayMetrics;
  /** Does what a frame asks, and answers it. */
  perform(text: string, receivedAt: number, session: Session): Promise<void>;
  /** The session is over: its peer leaves its node, or waits there to be resumed. Never rejects. */
  depart(seat: Seat, how: 'left' | 'lost'): Promise<void>;
  /** The session's last call. */
  gone(session: Session): void;
}

/**
 * One WebSocket. Its actions are done one at a time, in the order they came, and everything that answers a frame goes
 * through the same line, so that replies and errors come in that order too. Closing is the last job in the line: a join
 * that was under way when the socket closed is through by then, and its peer leaves.
 */
export class Session implements SocketListener, SeatClient {
  readonly #socket: Socket;
  readonly #services: SessionServices;
  readonly #mailbox = new Mailbox(maxWaiting);
  readonly #bucket: TokenBucket;
  #offences: Offences | undefined;
  #whenEnded: (() => void) | undefined;
  #state: SessionState = { phase: 'unjoined' };
  #open = true;
  #lost = false;
  #waitingLength = 0;
  /** When an action last ran out of time, on the process's clock. */
  #timedOutAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket, services: SessionServices) {
    this.#socket = socket;
    this.#services = services;
    this.#bucket = new TokenBucket(services.clock, services.actionRate);
  }

  get state(): SessionState {
    return this.#state;
  }

  get open(): boolean {
    return this.#open;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Of the client's host. */
  get address(): string {
    return this.#socket.address;
  }

  /** Resolves when the socket is closed and its peer, if it had one, was taken off its node. */
  ended(): Promise<void> {
    if (this.#state.phase === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEnded = resolve;
    });
  }

  text(text: string): void {
    this.#services.metrics.messageBytes.inc({ direction: 'in' }, text.length);
    if (!this.#bucket.take()) return this.#refuse(text, tooFast);
    if (this.#isFull(text)) return this.#refuse(text, overflow);
    const receivedAt = this.#services.clock.now();
    this.#waitingLength += text.length;
    this.inTurn(async () => {
      this.#waitingLength -= text.length;
      if (this.#open) await this.#services.perform(text, receivedAt, this);
    });
  }

  unreadable(fault: FrameFault): void {
    this.#services.metrics.messages.inc({ direction: 'in', type: 'unreadable' });
    this.#answerInTurn({}, frameFaults[fault]);
  }

  closed(end: SocketEnd): void {
    this.#open = false;
    this.#lost = !meant.has(end);
    this.#services.metrics.closed.inc({ reason: end });
    this.inTurn(() => this.#end());
  }

  /** Tells the client why, and closes. The rest happens when the socket says that it is closed. */
  close(code: CloseCodeName, reason?: string): void {
    this.#socket.end(code, reason);
  }

  reply(reply: Reply): void {
    this.#send(JSON.stringify(reply), 'reply');
  }

  fail(head: Head, error: SluiceError): void {
    this.#sendError(head, error);
    if (error.code === 'deadlineExceeded') this.#timedOutAt = this.#services.clock.now();
    if (error.code === 'badRequest' || error.code === 'unknownAction') this.#offend();
  }

  deliver(frame: string): void {
    this.#send(frame, 'event');
  }

  notice(event: ClientPeerEvent | ClientMoveEvent): void {
    this.#send(JSON.stringify(event), 'notice');
  }

  /**
   * Runs a job behind those that are in line: after the reply of the action that is being done. A job that throws is a
   * fault of ours: it ends this session and no other.
   */
  inTurn(job: () => Promise<void> | void): void {
    this.#mailbox.runAlways(job).catch((error: unknown) => {
      this.#services.log.error({ error }, 'A session failed.');
      this.close('internal');
    });
  }

  /**
   * Since when an action's time runs: since its turn came, or, where something ran out of time while it waited, since it
   * was received. So a node that hangs costs a client one deadline, not one for each action in line.
   */
  timeRunsFrom(receivedAt: number): number {
    return receivedAt < this.#timedOutAt ? receivedAt : this.#services.clock.now();
  }

  beginJoin(): void {
    this.#state = { phase: 'joining' };
  }

  joinFailed(): void {
    if (this.#state.phase === 'joining') this.#state = { phase: 'unjoined' };
  }

  seated(seat: Seat): void {
    this.#state = { phase: 'joined', seat };
  }

  /**
   * Where the room's reason is that somebody wanted the peer away, the connection is closed. Where its media was lost,
   * the connection stays, as before the join: the client has its own `peerLeft` and may join again.
   */
  unseated(seat: Seat, reason: LeaveReason | undefined): void {
    if (this.#state.phase !== 'joined' || this.#state.seat !== seat) return;
    this.#state = { phase: 'unjoined' };
    if (reason === 'replaced') this.close('resumedElsewhere');
    else if (reason === 'kicked') this.close('kicked');
    else if (reason === 'roomClosed') this.close('roomClosed');
  }

  /** A peer whose connection was lost stays where it is, to be resumed; one whose client closed on purpose leaves. */
  async #end(): Promise<void> {
    const state = this.#state;
    if (state.phase === 'joined') {
      state.seat.close();
      await this.#services.depart(state.seat, this.#lost ? 'lost' : 'left');
    }
    this.#state = { phase: 'closed' };
    this.#services.gone(this);
    this.#whenEnded?.();
  }

  #isFull(text: string): boolean {
    return this.#mailbox.depth >= maxWaiting || this.#waitingLength + text.length > maxWaitingLength;
  }

  #refuse(text: string, refusal: { scope: string; error: SluiceError }): void {
    this.#services.metrics.messages.inc({ direction: 'in', type: 'refused' });
    this.#services.metrics.rateLimited.inc({ scope: refusal.scope });
    this.#answerInTurn(readFrame(text)?.head ?? {}, refusal.error);
  }

  /** Counted at once and said in its turn: however long the line stands, so many of these end the connection. */
  #answerInTurn(head: Head, error: SluiceError): void {
    this.inTurn(() => this.#sendError(head, error));
    this.#offend();
  }

  #sendError(head: Head, error: SluiceError): void {
    const frame: ErrorFrame = { type: 'error', ...head, ...error.toWire(), temporary: error.temporary };
    this.#send(JSON.stringify(frame), 'error');
  }

  #offend(): void {
    this.#offences ??= new Offences(this.#services.clock);
    if (this.#offences.add()) this.close('protocolAbuse', 'Too many frames that cannot be served.');
  }

  #send(text: string, kind: FrameKind): void {
    const { metrics } = this.#services;
    if (this.#socket.send(text) === 'dropped') {
      metrics.dropped.inc({ reason: this.#open ? 'slowConsumer' : 'closed' });
      return;
    }
    metrics.sent.add(kind, text.length);
  }
}
