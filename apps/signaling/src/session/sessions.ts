import type { CloseCodeName, SessionId } from '@sluice/shared';
import type { PeerNotice } from '@sluice/shared';
import type { Session } from './session.ts';
import type { Joined } from './state.ts';

/** How many notices are kept for a session that is about to speak for its peer: what a node says within a resume. */
const maxHeld = 64;

/** Every session of a gateway; those with a peer can be found by the session id that their peer was entered with. */
export class Sessions {
  readonly #all = new Set<Session>();
  readonly #joined = new Map<SessionId, Session>();
  /** The sessions that depend on each node, by its inbox. */
  readonly #onNode = new Map<string, Set<Session>>();

  /** What came for sessions that are being resumed. */
  readonly #held = new Map<SessionId, PeerNotice[]>();

  get size(): number {
    return this.#all.size;
  }

  get joined(): number {
    return this.#joined.size;
  }

  add(session: Session): void {
    this.#all.add(session);
  }

  delete(session: Session): void {
    this.#all.delete(session);
  }

  bind({ sessionId, address }: Joined, session: Session): void {
    this.#joined.set(sessionId, session);
    const sharing = this.#onNode.get(address);
    if (sharing) sharing.add(session);
    else this.#onNode.set(address, new Set([session]));
  }

  unbind({ sessionId, address }: Joined): void {
    const session = this.#joined.get(sessionId);
    const sharing = this.#onNode.get(address);
    this.#joined.delete(sessionId);
    if (session) sharing?.delete(session);
    if (sharing?.size === 0) this.#onNode.delete(address);
  }

  /** The inboxes of the nodes that have a peer of a session here. */
  nodes(): Iterable<string> {
    return this.#onNode.keys();
  }

  /** The sessions that have their peer on that node. */
  on(address: string): Iterable<Session> {
    return this.#onNode.get(address) ?? [];
  }

  /** The sessions that have a peer. */
  inRooms(): IterableIterator<Session> {
    return this.#joined.values();
  }

  /** The session that a notice is for, if it is here and still speaks for that peer. */
  find({ sessionId, peerId, room }: PeerNotice): Session | undefined {
    const session = this.#joined.get(sessionId);
    const state = session?.state;
    return state?.phase === 'joined' && state.peerId === peerId && state.room === room ? session : undefined;
  }

  /** Notices for this session may come from now on, before it is bound. They are kept until they are taken. */
  expect(sessionId: SessionId): void {
    this.#held.set(sessionId, []);
  }

  /** False where nobody expects it, or too many have come. */
  hold(notice: PeerNotice): boolean {
    const held = this.#held.get(notice.sessionId);
    if (!held || held.length >= maxHeld) return false;
    held.push(notice);
    return true;
  }

  /** What has come for the session, which is expected no more. */
  takeHeld(sessionId: SessionId): PeerNotice[] {
    const held = this.#held.get(sessionId) ?? [];
    this.#held.delete(sessionId);
    return held;
  }

  /** Closes all; resolves when each has left its room, or is known not to be able to. */
  async closeAll(code: CloseCodeName): Promise<void> {
    const sessions = [...this.#all];
    const ended = sessions.map((session) => session.ended());
    for (const session of sessions) session.close(code);
    await Promise.all(ended);
  }
}
