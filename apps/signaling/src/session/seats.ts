import type { Clock, NoticedSession, PeerNotice, RoomId, SessionId } from '@sluice/shared';
import type { GatewayMetrics } from '../metrics.ts';
import type { NodeClient } from '../nodes/node-client.ts';
import type { FollowedRooms } from '../rooms/followed-rooms.ts';
import { MoveTimer } from './move-timer.ts';
import { Seat, type SeatClient, type SeatDetails, type SeatRegisters } from './seat.ts';

/** How many notices are kept for a seat that is about to be taken: what a node says within a resume. */
const maxHeld = 64;

export interface SeatsOptions {
  rooms: FollowedRooms;
  nodes: NodeClient;
  clock: Clock;
  metrics: Pick<GatewayMetrics, 'moveDuration'>;
}

/** Every seat that is taken on this gateway, by its session and by the node that it depends on. */
export class Seats {
  readonly #options: SeatsOptions;
  readonly #bySession = new Map<SessionId, Seat>();
  readonly #byAddress = new Map<string, Set<Seat>>();
  /** Notices that came for sessions that are being resumed. */
  readonly #held = new Map<SessionId, PeerNotice['event'][]>();
  readonly #registers: SeatRegisters;

  constructor(options: SeatsOptions) {
    this.#options = options;
    this.#registers = {
      enter: (seat) => this.#enter(seat),
      leave: (seat) => this.#leave(seat),
      readdress: (seat, change) => this.#readdress(seat, change),
      release: (followed) => options.rooms.release(followed),
    };
  }

  get size(): number {
    return this.#bySession.size;
  }

  /** Takes a seat: from here on the room's events are sent to the client, and it can be told what its node says. */
  take(client: SeatClient, details: SeatDetails): Seat {
    const { nodes, clock, metrics } = this.#options;
    const moveTimer = new MoveTimer(clock, metrics.moveDuration);
    const seat = new Seat(client, details, { registers: this.#registers, nodes, moveTimer });
    seat.open();
    return seat;
  }

  all(): IterableIterator<Seat> {
    return this.#bySession.values();
  }

  /** The inboxes of the nodes that have a peer of a session here. */
  nodes(): Iterable<string> {
    return this.#byAddress.keys();
  }

  /** The seats whose peer is on that node. */
  on(address: string): Iterable<Seat> {
    return this.#byAddress.get(address) ?? [];
  }

  /** The seat of a session in a room, if it is here and still speaks for that peer. */
  find(room: RoomId, { sessionId, peerId }: NoticedSession): Seat | undefined {
    const seat = this.#bySession.get(sessionId);
    return seat?.peerId === peerId && seat.room === room ? seat : undefined;
  }

  /** Notices for this session may come from now on, before its seat is taken. They are kept until they are fetched. */
  expect(sessionId: SessionId): void {
    this.#held.set(sessionId, []);
  }

  /** False where the session is not expected, or too many events have come for it. */
  hold({ sessionId }: NoticedSession, event: PeerNotice['event']): boolean {
    const held = this.#held.get(sessionId);
    if (!held || held.length >= maxHeld) return false;
    held.push(event);
    return true;
  }

  /** What has come for the session, which is expected no more. */
  takeHeld(sessionId: SessionId): PeerNotice['event'][] {
    const held = this.#held.get(sessionId) ?? [];
    this.#held.delete(sessionId);
    return held;
  }

  #enter(seat: Seat): void {
    this.#bySession.set(seat.sessionId, seat);
    this.#list(seat);
  }

  #leave(seat: Seat): void {
    this.#bySession.delete(seat.sessionId);
    this.#unlist(seat);
  }

  #readdress(seat: Seat, change: () => void): void {
    this.#unlist(seat);
    change();
    if (this.#bySession.get(seat.sessionId) === seat) this.#list(seat);
  }

  #list(seat: Seat): void {
    const sharing = this.#byAddress.get(seat.address);
    if (sharing) sharing.add(seat);
    else this.#byAddress.set(seat.address, new Set([seat]));
  }

  #unlist(seat: Seat): void {
    const sharing = this.#byAddress.get(seat.address);
    sharing?.delete(seat);
    if (sharing?.size === 0) this.#byAddress.delete(seat.address);
  }
}
