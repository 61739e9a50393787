import { type CloseCodeName, channels, Mailbox, type PeerRecord, type SluiceError } from '@sluice/shared';
import type { ErrorFrame, LeaveReason, Reply, ClientMoveEvent, ClientPeerEvent } from '@sluice/shared/protocol';
import { type Head, readFrame } from './frames.ts';
import { dispatch } from '../actions/dispatch.ts';
import type { Member } from '../rooms/followed-room.ts';
import { Offences, TokenBucket } from './limits.ts';
import { frameFaults, overflow, tooFast } from './refusals.ts';
import type { FrameKind } from '../metrics.ts';
import { confirmMove, isKnownMove } from './confirm-move.ts';
import type { Services } from '../services.ts';
import { type Joined, joined, type SessionState } from './state.ts';
import type { FrameFault, Socket, SocketEnd, SocketListener } from '../socket/socket.ts';

/** More actions than these in line mean a client that doesn't wait for anything, or a node that doesn't answer. */
const maxWaiting = 128;
/** And so many characters in all: what one connection may keep in memory here. A browser's `produce` has about 3,000. */
const maxWaitingLength = 512 * 1024;

/** Ends that somebody wanted: their peers leave. After all others the peer waits for a resume. */
const meant: ReadonlySet<SocketEnd> = new Set<SocketEnd>([
  'client',
  'protocolAbuse',
  'unauthorized',
  'kicked',
  'roomClosed',
]);

/**
 * One WebSocket. Its actions are done one at a time, in the order they came, and everything that answers a frame goes
 * through the same line, so that replies and errors come in that order too. Closing is the last job in the line: a join
 * that was under way when the socket closed is through by then, and its peer leaves.
 */
export class Session implements SocketListener {
  readonly #socket: Socket;
  readonly #services: Services;
  readonly #mailbox = new Mailbox(maxWaiting);
  readonly #bucket: TokenBucket;
  #offences: Offences | undefined;
  #whenEnded: (() => void) | undefined;
  #state: SessionState = { phase: 'unjoined' };
  #member: Member | undefined;
  #open = true;
  #lost = false;
  #waitingLength = 0;
  /** When an action last ran out of time, on the process's clock. */
  #timedOutAt = Number.NEGATIVE_INFINITY;

  constructor(socket: Socket, services: Services) {
    this.#socket = socket;
    this.#services = services;
    this.#bucket = new TokenBucket(services.clock, services.actionRate);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** False as soon as the socket is closing: nothing needs to be done for it any more but to clean up. */
  get open(): boolean {
    return this.#open;
  }

  get address(): string {
    return this.#socket.address;
  }

  /** Its connection ended without anybody's wish: the peer waits for whoever resumes it. */
  get lost(): boolean {
    return this.#lost;
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
    this.#inTurn(async () => {
      this.#waitingLength -= text.length;
      if (this.#open) await dispatch(text, receivedAt, this, this.#services);
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
    this.#inTurn(() => this.#end(end));
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

  /** What the peer's node says by itself. */
  hear(event: ClientPeerEvent | ClientMoveEvent): void {
    const state = this.#state;
    if (event.type === 'move' && state.phase === 'joined' && !isKnownMove(state, event)) this.#followMove(state);
    this.notice(event);
  }

  /** What concerns this client alone. A move that it has been told is not told again. */
  notice(event: ClientPeerEvent | ClientMoveEvent): void {
    const state = this.#state;
    if (state.phase === 'joined') {
      if (event.type === 'move' && isKnownMove(state, event)) return confirmMove(state, this.#services);
      state.media.hear(event);
    }
    this.#send(JSON.stringify(event), 'notice');
  }

  /** As `hear`, after what is in line already: behind the reply of the action that is being done. */
  noticeInTurn(...events: (ClientPeerEvent | ClientMoveEvent)[]): void {
    if (events.length === 0) return;
    this.#inTurn(async () => {
      for (const event of events) this.hear(event);
    });
  }

  /**
   * Since when an action's time runs: since its turn came, or, where something ran out of time while it waited, since it
   * was received. So a node that hangs costs a client one deadline, not one for each action in line.
   */
  timeRunsFrom(receivedAt: number): number {
    return receivedAt < this.#timedOutAt ? receivedAt : this.#services.clock.now();
  }

  joined(): Joined {
    return joined(this.#state);
  }

  beginJoin(): void {
    this.#state = { phase: 'joining' };
  }

  joinFailed(): void {
    if (this.#state.phase === 'joining') this.#state = { phase: 'unjoined' };
  }

  /** Takes the place in the room. From here on its events are sent to this session. */
  enter(state: Joined): void {
    const { peerId, sessionId, followed } = state;
    this.#state = state;
    this.#member = {
      peerId,
      sessionId,
      deliver: (frame) => this.#send(frame, 'event'),
      removed: (reason) => this.#removed(reason),
    };
    this.#services.sessions.bind(state, this);
    followed.add(this.#member);
  }

  /** Whose hands the peer's media is in, as the room knows it. */
  place(): PeerRecord | undefined {
    const state = this.#state;
    if (state.phase !== 'joined') return undefined;
    const record = state.followed.feed.view.peers.get(state.peerId);
    if (record?.resumeHash !== state.resumeHash) return undefined;
    // Just after a move the room may not have said yet whose the peer is now.
    return channels.node(record.node, record.boot) === state.address ? record : undefined;
  }

  /** A node that says where to go has the peer: also where its answer to our asking was lost. */
  #followMove(state: Joined): void {
    const record = state.followed.feed.view.peers.get(state.peerId);
    if (record?.sessionId !== state.sessionId) return;
    const address = channels.node(record.node, record.boot);
    if (address !== state.address) this.moveTo({ ...state, node: record.node, address, old: undefined });
  }

  /** The peer is in another node's hands from here on. */
  moveTo(state: Joined): void {
    const before = this.joined();
    this.#services.sessions.unbind(before);
    this.#state = state;
    this.#services.sessions.bind(state, this);
  }

  /** The old place is gone: nothing is asked of it any more. */
  forgetOldPlace(): void {
    if (this.#state.phase === 'joined') this.#state = { ...this.#state, old: undefined };
  }

  /** Gives the place in the room up. Its node isn't told. */
  detach(): Joined | undefined {
    const state = this.#state;
    if (state.phase !== 'joined') return undefined;
    this.#state = { phase: 'unjoined' };
    this.#services.sessions.unbind(state);
    this.#services.moveTimes.end(this, 'ended');
    if (this.#member) state.followed.remove(this.#member);
    this.#member = undefined;
    this.#services.rooms.release(state.followed);
    return state;
  }

  /**
   * The room says that this session's peer is gone. Where somebody wanted that, the connection is closed; where its
   * media was lost, the connection stays, back to where it was before the join: the client has its own `peerLeft` and
   * may join again.
   */
  #removed(reason: LeaveReason): void {
    this.detach();
    if (reason === 'replaced') this.close('resumedElsewhere');
    else if (reason === 'kicked') this.close('kicked');
    else if (reason === 'roomClosed') this.close('roomClosed');
  }

  /** The peer stays where it is, for whoever resumes it; one whose client closed on purpose leaves. */
  async #end(end: SocketEnd): Promise<void> {
    const left = this.detach();
    this.#services.sessions.delete(this);
    const { departures } = this.#services;
    left?.old?.release();
    if (left && meant.has(end)) await departures.leave(left, 'disconnected');
    else if (left) await departures.detach(left);
    this.#state = { phase: 'closed' };
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
    this.#inTurn(async () => this.#sendError(head, error));
    this.#offend();
  }

  #sendError(head: Head, error: SluiceError): void {
    const frame: ErrorFrame = { type: 'error', ...head, ...error.toWire(), temporary: error.temporary };
    this.#send(JSON.stringify(frame), 'error');
  }

  /** A job that throws is a fault of ours: it ends this session and no other. */
  #inTurn(job: () => Promise<void>): void {
    this.#mailbox.runAlways(job).catch((error: unknown) => {
      this.#services.log.error({ error }, 'A session failed.');
      this.close('internal');
    });
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
