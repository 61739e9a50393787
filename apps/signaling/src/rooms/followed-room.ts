import type { BootId, Clock, Directory, Logger, NodeId, PeerId, Position, RoomId, Speaker } from '@sluice/shared';
import { type ProducerId, RoomFeed, SluiceError } from '@sluice/shared';
import type { ClientRoomEvent, PeerInfo, PeerRecord, ProducerRecord, RoomEvent } from '@sluice/shared/protocol';
import { toClientEvent, toPeers } from './client-events.ts';
import { Entering } from './entering.ts';
import { commonFrame, type Frame, frameTo, snapshotFrame } from './frames.ts';
import { type Member, Members } from './members.ts';
import { lostProducers, type Missed, readMissed, wasLost } from './missed-events.ts';
import { RoomSpeakers } from './room-speakers.ts';

export interface FollowedRoomOptions {
  room: RoomId;
  directory: Directory;
  clock: Clock;
  log: Logger;
  /** Whether the directory may not know everything yet. */
  settling(): boolean;
  onRepair(kind: 'gap' | 'resync'): void;
  onGarbage?(): void;
}

/** A node's incarnation that has peers or producers in a room. */
export interface Owner {
  room: RoomId;
  node: NodeId;
  boot: BootId;
}

/** The room as it is, for one of its peers: that peer left out. */
export interface Picture extends Position {
  room: RoomId;
  peers: PeerInfo[];
}

/**
 * A room that a peer of this gateway is in or on the way into. Its members share one feed and one encoding of each
 * event. A member is added in the same turn in which its picture of the room is taken: it then gets every event after
 * that picture, once, and none before it.
 */
export class FollowedRoom {
  readonly room: RoomId;
  readonly #directory: Directory;
  readonly #feed: RoomFeed;
  readonly #members = new Members();
  readonly #speakers = new RoomSpeakers();
  readonly #entering = new Entering();
  #subscribed: Promise<void> | undefined;

  constructor(options: FollowedRoomOptions) {
    this.room = options.room;
    this.#directory = options.directory;
    const { clock } = options;
    this.#feed = new RoomFeed({
      ...options,
      now: () => clock.now(),
      onEvent: (event, position) => this.#take(event, position),
      onBatchEnd: () => this.#members.flush(),
      onPicture: (differences, position) => this.#takePicture(differences, position),
    });
  }

  /** Undefined until the room has been read. */
  get position(): Position | undefined {
    return this.#feed.position;
  }

  record(peerId: PeerId): PeerRecord | undefined {
    return this.#feed.view.peers.get(peerId);
  }

  producersOf(peerId: PeerId): ProducerId[] {
    return this.#feed.view.producersOf(peerId).map(({ producerId }) => producerId);
  }

  /** All that is known of the room. */
  records(): { peers: PeerRecord[]; producers: ProducerRecord[] } {
    const { peers, producers } = this.#feed.view;
    return { peers: [...peers.values()], producers: [...producers.values()] };
  }

  /** @throws coordinatorUnavailable where the room has not been read. */
  pictureFor(self: PeerId): Picture {
    const { position, view } = this.#feed;
    if (!position) throw new SluiceError('coordinatorUnavailable', 'The room cannot be read yet.');
    return { room: this.room, ...position, peers: toPeers(view, self) };
  }

  /** Resolves once the room's events are heard. Shared by all who ask; a failure is remembered while the room is held. */
  subscribed(): Promise<void> {
    this.#subscribed ??= this.#feed.subscribe();
    return this.#subscribed;
  }

  /** Hears the room's events and then reads the room, unless it is known already: one read, however many ask. */
  async load(): Promise<void> {
    await this.subscribed();
    await this.#feed.load();
  }

  /** The nodes that the room is on, as far as is known; those that peers of this gateway are just entering included. */
  presentNodes(): ReadonlySet<NodeId> {
    const nodes = new Set(this.#entering.nodes());
    for (const { node } of this.#feed.view.whereabouts.withPeers()) nodes.add(node);
    return nodes;
  }

  /** Says that a peer is on its way to a node, until the returned function is called. */
  entering(node: NodeId): () => void {
    return this.#entering.add(node);
  }

  /**
   * Brings the room's picture to this position, or past it.
   *
   * @throws coordinatorUnavailable where what is missing can't be read.
   */
  async reach(position: Position): Promise<void> {
    await this.subscribed();
    await this.#feed.reach(position);
  }

  /** Whether the room's events so far say that a producer is paused; undefined where they don't know it. */
  isPaused(producerId: ProducerId): boolean | undefined {
    return this.#feed.view.producers.get(producerId)?.paused;
  }

  /** Brings the feed to where the directory is. False where the directory has no such room. */
  async read(): Promise<boolean> {
    const isKnown = this.position !== undefined;
    await this.load();
    if (isKnown) await this.catchUp();
    return this.#feed.position !== undefined;
  }

  /** Reads what was missed on the bus, if anything was. */
  catchUp(): Promise<void> {
    return this.#feed.catchUp();
  }

  /** The directory was away: the next reading takes all of the room. */
  recheck(): void {
    this.#feed.recheck();
  }

  /** What a peer has missed since `after`; undefined where only a picture of the whole room will do. */
  missedBy(peerId: PeerId, after: Position): Promise<Missed | undefined> {
    return readMissed({ directory: this.#directory, feed: this.#feed, room: this.room }, peerId, after);
  }

  /** The producers that a peer lost with a node or worker lately, as far as the room's events say. */
  async lostBy(peerId: PeerId): Promise<ProducerId[]> {
    return this.position ? lostProducers(this.#directory, this.room, peerId, this.position) : [];
  }

  /** Each node's incarnation that has a peer or a producer in the room, once. */
  *owners(): Generator<Owner> {
    for (const owner of this.#feed.view.whereabouts.owners()) yield { room: this.room, ...owner };
  }

  peersOn(boot: BootId): PeerId[] {
    return [...this.#feed.view.peers.values()].filter((peer) => peer.boot === boot).map(({ peerId }) => peerId);
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  remove(member: Member): void {
    this.#members.remove(member);
  }

  /** A node tells which of its own peers speak. */
  hearSpeakers(boot: BootId, speakers: readonly Speaker[]): void {
    // A peer that has left since says nothing more, and its node may be gone.
    const present = speakers.filter(({ peerId }) => this.record(peerId) !== undefined);
    this.#takeSpeakers(boot, present);
    this.#members.flush();
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  #take(event: RoomEvent, position: Position): void {
    const clientEvent = toClientEvent(event, position);
    if (clientEvent) this.#members.send(frameOf(JSON.stringify(clientEvent), event));
    this.#sendConsequences(event);
    this.#members.dismiss(event);
  }

  /** What an event of the room means for members in particular. */
  #sendConsequences(event: RoomEvent): void {
    if (event.type === 'producerPaused') this.#members.sendPaused(event.producerId, 'consumerPaused');
    else if (event.type === 'producerResumed') this.#members.sendPaused(event.producerId, 'consumerResumed');
    else if (event.type === 'peerLeft') this.#fallSilent(event.peerId);
    else if (event.type === 'sliceFenced') this.#takeSpeakers(event.boot, []);
    else if (event.type === 'producerClosed') {
      this.#fallSilent(event.peerId);
      // What was lost with a node or worker is consumed again where its peer goes next.
      if (!wasLost(event.reason)) for (const member of this.#members) member.forgetProducer(event.producerId);
    }
  }

  #takeSpeakers(boot: BootId, speakers: readonly Speaker[]): void {
    const changed = this.#speakers.hear(boot, speakers);
    this.#members.sendSpeakers(this.#speakers.loudest, changed);
  }

  #fallSilent(peerId: PeerId): void {
    if (this.#speakers.forget(peerId)) this.#members.sendSpeakers(this.#speakers.loudest, true);
  }

  /** A picture in place of the events that were missed. Members whose peer is gone from it, or not theirs, are let go. */
  #takePicture(differences: readonly RoomEvent[], position: Position): void {
    for (const member of [...this.#members]) this.#check(member, position);
    this.#members.send(snapshotFrame(this.room, position, toPeers(this.#feed.view)));
    for (const event of differences) this.#sendConsequences(event);
    this.#members.flush();
  }

  #check(member: Member, { epoch, seq }: Position): void {
    const { peerId, sessionId } = member;
    const record = this.record(peerId);
    if (!record) {
      // The client may have heard this number already. It hears none after it.
      const left: ClientRoomEvent = { type: 'peerLeft', peerId, reason: 'disconnected', epoch, seq: seq + 1 };
      this.#members.letGo(member, 'disconnected', JSON.stringify(left));
    } else if (record.sessionId !== sessionId) {
      this.#members.letGo(member, 'replaced');
    }
  }
}

function frameOf(text: string, event: RoomEvent): Frame {
  return event.type === 'message' && event.to ? frameTo(text, event.to) : commonFrame(text);
}
