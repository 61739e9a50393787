import type { Clock, CloseCodeName, Logger, SluiceError, Timer } from '@sluice/shared';
import type { ClientMoveEvent, ClientPeerEvent, ErrorFrame, LeaveReason, Reply } from '@sluice/shared/protocol';
import type { FrameKind, GatewayMetrics } from '../metrics.ts';
import type { FrameFault, Socket, SocketEnd, SocketListener } from '../socket/socket.ts';
import { ActionLine, type LineBudget, type Overflow } from './action-line.ts';
import { type Head, readFrame } from './frames.ts';
import { Offences, type Rate } from './limits.ts';
import { frameFaults, overflow } from './refusals.ts';
import type { Seat, SeatClient } from './seat.ts';
import type { SessionState } from './state.ts';

/**
 * A client whose reconnect went wrong may send a few dozen frames that can't be served; this many in 10 s, no client.
 */
const badFramesAllowed = 100;
/**
 * Of a client that asks for too much at once, hundreds are refused. One that goes on for this many in 10 s doesn't
 * read.
 */
const refusalsAllowed = 2000;

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
  lineBudget: LineBudget;
  /** How long a connection may be in no room, in ms. */
  unjoinedMs: number;
  clock: Clock;
  log: Logger;
  metrics: GatewayMetrics;
  /** Does what a frame asks, and answers it. */
  perform: (text: string, receivedAt: number, session: Session) => Promise<void>;
  /** A join or a resume has been answered. */
  joined(seat: Seat): void;
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
  readonly #line: ActionLine;
  #badFrames: Offences | undefined;
  #refusals: Offences | undefined;
  #whenEnded: (() => void) | undefined;
  #state: SessionState = { phase: 'unjoined' };
  #unjoined: Timer | undefined;
  #open = true;
  #lost = false;
  /** When an action last ran out of time, on the process's clock. */
  #timedOutAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket, services: SessionServices) {
    this.#socket = socket;
    this.#services = services;
    const { clock, actionRate: rate, lineBudget: budget } = services;
    this.#line = new ActionLine({ clock, rate, budget });
    this.#expectJoin();
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
    const { metrics, clock, perform } = this.#services;
    metrics.messageBytes.inc({ direction: 'in' }, text.length);
    const receivedAt = clock.now();
    const { admitted, done } = this.#line.admit(text.length, () => perform(text, receivedAt, this));
    if (admitted.refused !== undefined) return this.#refuse(text, admitted.refused, admitted.retryAfterMs);
    if (admitted.waitMs > 0) metrics.rateLimited.inc({ scope: 'rate' });
    this.#guard(done);
  }

  unreadable(fault: FrameFault): void {
    this.#services.metrics.messages.inc({ direction: 'in', type: 'unreadable' });
    this.#answerInTurn({}, frameFaults[fault]);
    this.#countBadFrame();
  }

  closed(end: SocketEnd): void {
    this.#open = false;
    this.#lost = !meant.has(end);
    this.#services.metrics.closed.inc({ reason: end });
    this.#line.close();
    this.#unjoined?.cancel();
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
    if (error.code === 'badRequest' || error.code === 'unknownAction') this.#countBadFrame();
  }

  deliver(frames: readonly string[]): void {
    const [first] = frames;
    if (frames.length === 1 && first !== undefined) return this.#send(first, 'event');
    const sent = this.#socket.sendAll(frames);
    for (const frame of frames.slice(0, sent)) this.#services.metrics.sent.add('event', frame.length);
    this.#countDropped(frames.length - sent);
  }

  notice(event: ClientPeerEvent | ClientMoveEvent): void {
    this.#send(JSON.stringify(event), 'notice');
  }

  /**
   * Runs a job behind those that are in line: after the reply of the action that is being done. A job that throws is a
   * fault of ours: it ends this session and no other.
   */
  inTurn(job: () => Promise<void> | void): void {
    this.#guard(this.#line.addLast(job));
  }

  /**
   * Since when an action's time runs: since its turn came, or, where something ran out of time while it waited, since
   * it was received. So a node that hangs costs a client one deadline, not one for each action in line.
   */
  timeRunsFrom(receivedAt: number): number {
    return receivedAt < this.#timedOutAt ? receivedAt : this.#services.clock.now();
  }

  beginJoin(): void {
    this.#unjoined?.cancel();
    this.#state = { phase: 'joining' };
  }

  joinFailed(): void {
    if (this.#state.phase !== 'joining') return;
    this.#state = { phase: 'unjoined' };
    this.#expectJoin();
  }

  seated(seat: Seat): void {
    this.#state = { phase: 'joined', seat };
    this.inTurn(() => this.#services.joined(seat));
  }

  /**
   * Where the peer was removed on purpose, the connection is closed. Where its media was lost,
   * the connection stays, as before the join: the client has its own `peerLeft` and may join again.
   */
  unseated(seat: Seat, reason: LeaveReason | undefined): void {
    if (this.#state.phase !== 'joined' || this.#state.seat !== seat) return;
    this.#state = { phase: 'unjoined' };
    this.#expectJoin();
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

  /** A connection that is in no room takes the place of one that would be. */
  #expectJoin(): void {
    if (!this.#open) return;
    const { clock, unjoinedMs } = this.#services;
    this.#unjoined?.cancel();
    const expired = () => this.close('unjoined', `In no room for ${unjoinedMs} ms: connect again to join.`);
    this.#unjoined = clock.setTimer(expired, unjoinedMs);
  }

  #guard(done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#services.log.error({ error }, 'A session failed.');
      this.close('internal');
    });
  }

  /** Counted at once and said in its turn: however long the line stands, a client that goes on and on is closed. */
  #refuse(text: string, scope: Overflow, retryAfterMs: number): void {
    const { metrics, clock } = this.#services;
    metrics.messages.inc({ direction: 'in', type: 'refused' });
    metrics.rateLimited.inc({ scope });
    this.#answerInTurn(readFrame(text)?.head ?? {}, overflow(scope, retryAfterMs));
    this.#refusals ??= new Offences(clock, refusalsAllowed);
    if (this.#refusals.add()) this.close('protocolAbuse', 'Too many actions beyond the limits.');
  }

  #answerInTurn(head: Head, error: SluiceError): void {
    this.inTurn(() => this.#sendError(head, error));
  }

  #sendError(head: Head, error: SluiceError): void {
    const frame: ErrorFrame = { type: 'error', ...head, ...error.toWire(), temporary: error.temporary };
    this.#send(JSON.stringify(frame), 'error');
  }

  #countBadFrame(): void {
    this.#badFrames ??= new Offences(this.#services.clock, badFramesAllowed);
    if (this.#badFrames.add()) this.close('protocolAbuse', 'Too many frames that cannot be served.');
  }

  #send(text: string, kind: FrameKind): void {
    if (this.#socket.send(text) === 'dropped') return this.#countDropped(1);
    this.#services.metrics.sent.add(kind, text.length);
  }

  #countDropped(frames: number): void {
    if (frames > 0) this.#services.metrics.dropped.inc({ reason: this.#open ? 'slowConsumer' : 'closed' }, frames);
  }
}
