import type { JoinedReply, Json, Replies, ResumedReply } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Connection, ConnectionOptions } from '../line/connection.ts';
import type { PublishDataOptions } from '../data/data-channels.ts';
import type { DataPublication } from '../data/data-publication.ts';
import type { DataSubscription } from '../data/data-subscription.ts';
import { Emitter, type Off } from '../base/emitter.ts';
import { Line } from '../line/line.ts';
import { ownNodeAfter } from './own-node.ts';
import type { Publication } from '../publish/publication.ts';
import type { PublishOptions } from '../publish/publisher.ts';
import { applyResumed, applySnapshot } from './resume.ts';
import { dispatch } from './room-dispatch.ts';
import { endOf, type RoomEnd, type RoomEvents } from './room-events.ts';
import { createParts } from './room-parts.ts';
import { producerIn, type RoomPeer, RoomPicture } from './room-picture.ts';
import type { Subscription } from '../subscribe/subscription.ts';

/** How long `leave` waits to hear that the server knows. */
const leaveDeadlineMs = 1000;

export interface RoomOptions {
  /** Default true: subscribe to every track of the others, now and later. */
  autoSubscribe?: boolean;
  /** How long a lost connection is looked for. Default 30,000 ms, which is how long the server keeps a peer. */
  resumeWindowMs?: number;
  /** WebRTC as mediasoup-client wants it, where the runtime brings none: in Node, in tests. */
  handlerFactory?: types.HandlerFactory;
}

/** A secret: with it, anyone can be this peer. */
export interface PeerIdentity {
  peerId: string;
  resumeToken: string;
}

/** How the room's first connection came about, for those that follow. */
export interface Gateways {
  urls: readonly string[];
  current: number;
  connection: ConnectionOptions;
}

const defaultResumeWindowMs = 30_000;

/** A room that was joined. It lasts until `leave()`, or until `closed` says why not. */
export class Room {
  readonly id: string;
  /** Oneself. */
  readonly peerId: string;
  /** Proves that this peer is one's own: for `joinRoom` after this room has ended, so that no peer is there twice. */
  readonly identity: PeerIdentity;
  #node: string;
  readonly #line: Line;
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #parts: ReturnType<typeof createParts>;
  #end: RoomEnd | undefined;

  /** Use `joinRoom`. Listens from here on, so that no event after `joined` is missed. */
  constructor(connection: Connection, joined: JoinedReply, options: RoomOptions & Gateways) {
    this.id = joined.room;
    this.peerId = joined.peerId;
    this.identity = { peerId: joined.peerId, resumeToken: joined.resumeToken };
    this.#node = joined.node;
    const picture = new RoomPicture(joined);
    const { room, peerId, resumeToken } = joined;
    this.#line = new Line(connection, {
      ...options,
      resumption: () => ({ room, peerId, resumeToken, epoch: picture.epoch, seq: picture.seq }),
      resumeWindowMs: options.resumeWindowMs ?? defaultResumeWindowMs,
    });
    this.#parts = createParts({
      ...{ joined, picture, line: this.#line, emitter: this.#emitter },
      autoSubscribe: options.autoSubscribe ?? true,
      handlerFactory: options.handlerFactory,
      lasts: () => !this.#end,
      finish: (end) => this.#finish(end),
    });
    this.#listen();
  }

  /**
   * The node that serves this client's media. It changes by a move, which `peerUpdated` tells, or while the connection
   * was lost.
   */
  get node(): string {
    return this.#node;
  }

  /** The others, by id. */
  get peers(): ReadonlyMap<string, RoomPeer> {
    return new Map([...this.#parts.picture.peers].filter(([peerId]) => peerId !== this.peerId));
  }

  /** Our tracks in the room, by producer id. */
  get publications(): ReadonlyMap<string, Publication> {
    return this.#parts.publisher.publications;
  }

  /** The others' tracks that are here, by consumer id. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#parts.subscriber.subscriptions;
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  on<T extends keyof RoomEvents>(type: T, listener: (value: RoomEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** Puts a track into the room. The track stays the caller's to stop. Rejects with a `SluiceClientError`. */
  publish(track: MediaStreamTrack, options: PublishOptions = {}): Promise<Publication> {
    return this.#parts.publisher.publish(track, options);
  }

  /** Another peer's track; with `autoSubscribe`, the subscription that exists. Rejects with a `SluiceClientError`. */
  subscribe(producerId: string): Promise<Subscription> {
    return this.#parts.subscriber.subscribe(
      producerId,
      producerIn(this.#parts.picture.peers, producerId)?.producer.source,
    );
  }

  publishData(options: PublishDataOptions = {}): Promise<DataPublication> {
    return this.#parts.data.publish(options);
  }

  subscribeData(dataProducerId: string): Promise<DataSubscription> {
    return this.#parts.data.subscribe(dataProducerId);
  }

  /** JSON of at most 16,384 bytes, to everyone or to those named in `to`. Returns its number in the room. */
  async sendMessage(payload: Json, options: { to?: string[] } = {}): Promise<number> {
    return (await this.#line.request('sendMessage', { payload, ...options })).seq;
  }

  async updateSelf(changes: { name?: string; metadata?: Json }): Promise<void> {
    await this.#line.request('updatePeer', changes);
  }

  /** The node's figures of one transport, producer or consumer of ours, as mediasoup gives them. */
  async getStats(of: { transportId: string } | { producerId: string } | { consumerId: string }): Promise<Json[]> {
    const { stats }: Replies['getStats'] = await this.#line.request('getStats', of);
    return stats;
  }

  /** Over at once on this side; resolves when the server knows, or after a second. Tracks are not stopped. */
  async leave(): Promise<void> {
    if (this.#end) return;
    const told = this.#line.request('leave', {}, leaveDeadlineMs).catch(() => undefined);
    this.#finish({ reason: 'left', comeBack: false }, { keepLine: true });
    await told;
    this.#line.close();
  }

  #listen(): void {
    const { picture, offered } = this.#parts;
    this.#line.on('event', (event) => {
      if (this.#end) return;
      this.#node = ownNodeAfter(event, this.peerId) ?? this.#node;
      if (event.type === 'snapshot') applySnapshot(this.#parts, event);
      else dispatch(this.#parts, event);
    });
    this.#line.on('error', (error) => this.#emitter.emit('error', error));
    this.#line.on('down', () => this.#emitter.emit('reconnecting', undefined));
    this.#line.on('resumed', ({ reply, downtimeMs }) => this.#resumed(reply, downtimeMs));
    this.#line.on('networkChanged', () => this.#tryAgain());
    this.#emitter.on('mediaRestored', () => this.#parts.automatic.tryAgain());
    this.#line.on('closed', (end) => this.#finish(endOf(end)));
    for (const peer of picture.peers.values()) {
      if (peer.peerId === this.peerId) continue;
      for (const producer of peer.producers.values()) offered(peer, producer);
    }
  }

  #resumed(reply: ResumedReply, downtimeMs: number | undefined): void {
    this.#node = reply.node;
    applyResumed(this.#parts, reply);
    if (downtimeMs === undefined) return;
    // Those who spoke may have fallen silent meanwhile; those who speak now are told again.
    this.#emitter.emit('activeSpeakers', []);
    this.#emitter.emit('reconnected', { downtimeMs });
    this.#parts.automatic.tryAgain();
  }

  /** The network may have changed: what had failed may work now. */
  #tryAgain(): void {
    this.#parts.mover.check();
    this.#parts.automatic.tryAgain();
  }

  #finish(end: RoomEnd, { keepLine = false } = {}): void {
    if (this.#end) return;
    this.#end = end;
    const { publisher, subscriber, data, mover } = this.#parts;
    publisher.closeAll('left');
    subscriber.closeAll('left');
    data.closeAll();
    mover.close();
    if (!keepLine) this.#line.close();
    this.#emitter.emit('closed', end);
    this.#emitter.clear();
  }
}
