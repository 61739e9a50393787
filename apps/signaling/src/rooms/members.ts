import type { ConsumerId, PeerId, ProducerId, SessionId, Speaker } from '@sluice/shared';
import type { LeaveReason, RoomEvent } from '@sluice/shared/protocol';
import { commonFrame, type Frame, FrameBatch, framesFor, frameTo } from './frames.ts';

/** A peer of a room, as the seat that it has on this gateway. None of these may throw. */
export interface Member {
  readonly peerId: PeerId;
  readonly sessionId: SessionId;
  /** Frames that go out together, in this order. */
  deliver(frames: readonly string[]): void;
  /** The consumers that the peer has of a producer. */
  consumersOf(producerId: ProducerId): ReadonlySet<ConsumerId>;
  /** The producer is closed for good: what the peer has consumed of it goes too, and nothing comes in its place. */
  forgetProducer(producerId: ProducerId): void;
  /** Its peer is gone, or another session speaks for it now. It is no member any more. */
  removed(reason: LeaveReason): void;
}

/**
 * So many small frames are sent in one turn of the event loop, of a few microseconds each. What is more waits for the
 * next turns, so that the other rooms don't wait for one.
 */
const weightATurn = 5000;

/**
 * The peers of a room that have a seat on this gateway. Frames are added one by one and sent by `flush`, each member's
 * in one write. Each member gets its frames in order.
 */
export class Members {
  readonly #byPeer = new Map<PeerId, Member>();
  /** Peers that have not been told who speaks. */
  #newcomers = new Set<PeerId>();
  #added: Frame[] = [];
  /** What waits for a later turn. Who is in here gets nothing in any other way. */
  readonly #late = new Map<Member, FrameBatch[]>();
  #isScheduled = false;

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#byPeer.values();
  }

  /** From the next frame on. An earlier session's member for the same peer is let go. */
  add(member: Member): void {
    this.flush();
    const before = this.#byPeer.get(member.peerId);
    if (before !== member) this.letGo(before, 'replaced');
    this.#byPeer.set(member.peerId, member);
    this.#newcomers.add(member.peerId);
  }

  /** Nothing more is sent to it. */
  remove(member: Member): void {
    if (this.#byPeer.get(member.peerId) === member) {
      this.#byPeer.delete(member.peerId);
      this.#newcomers.delete(member.peerId);
    }
    this.#late.delete(member);
  }

  send(frame: Frame): void {
    this.#added.push(frame);
  }

  flush(): void {
    if (this.#added.length === 0) return;
    const batch = new FrameBatch(this.#added);
    this.#added = [];
    let left = weightATurn;
    for (const member of this.#byPeer.values()) {
      const late = this.#late.get(member);
      if (late) late.push(batch);
      else if (left > 0) member.deliver(batch.textsFor(member.peerId));
      else this.#late.set(member, [batch]);
      left -= batch.weight;
    }
    this.#schedule();
  }

  /** A producer is paused or resumed: so are the consumers of it, each of which its own peer is told of. */
  sendPaused(producerId: ProducerId, type: 'consumerPaused' | 'consumerResumed'): void {
    const texts = new Map<PeerId, readonly string[]>();
    for (const member of this.#byPeer.values()) {
      const consumerIds = member.consumersOf(producerId);
      if (consumerIds.size === 0) continue;
      texts.set(
        member.peerId,
        Array.from(consumerIds, (consumerId) => JSON.stringify({ type, consumerId })),
      );
    }
    if (texts.size > 0) this.send(framesFor(texts));
  }

  /** Tells all members who speaks, or, where that has not changed, those that have not heard it yet. */
  sendSpeakers(speakers: readonly Speaker[], changed: boolean): void {
    const text = JSON.stringify({ type: 'activeSpeakers', speakers });
    if (changed) this.send(commonFrame(text));
    else if (this.#newcomers.size > 0) this.send(frameTo(text, [...this.#newcomers]));
    this.#newcomers = new Set();
  }

  /** Lets those members go whose peer the event took away, once they have been sent it. */
  dismiss(event: RoomEvent): void {
    if (event.type === 'roomClosed') {
      for (const member of [...this.#byPeer.values()]) this.letGo(member, 'roomClosed');
    } else if (event.type === 'peerLeft') {
      this.letGo(this.#byPeer.get(event.peerId), event.reason);
    } else if (event.type === 'peerJoined' || event.type === 'peerUpdated') {
      const member = this.#byPeer.get(event.peer.peerId);
      if (member?.sessionId !== event.peer.sessionId) this.letGo(member, 'replaced');
    }
  }

  /** @param last sent to it alone, behind what it has been sent so far. */
  letGo(member: Member | undefined, reason: LeaveReason, last?: string): void {
    if (!member) return;
    this.flush();
    this.#deliverLate(member);
    if (last !== undefined) member.deliver([last]);
    this.remove(member);
    member.removed(reason);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#late.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendLate();
    });
  }

  #sendLate(): void {
    let left = weightATurn;
    for (const [member, batches] of this.#late) {
      if (left <= 0) break;
      this.#deliverLate(member);
      for (const { weight } of batches) left -= weight;
    }
    this.#schedule();
  }

  #deliverLate(member: Member): void {
    const batches = this.#late.get(member);
    if (!batches) return;
    this.#late.delete(member);
    member.deliver(batches.flatMap((batch) => batch.textsFor(member.peerId)));
  }
}
