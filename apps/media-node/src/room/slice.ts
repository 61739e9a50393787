import type {
  Change,
  Clock,
  Committed,
  Entered,
  Logger,
  NewPeerRecord,
  Owner,
  PeerId,
  PeerRecord,
  Position,
  ProducerId,
  ProducerRecord,
  RoomId,
} from '@sluice/shared';
import { type RoomFeed, SluiceError } from '@sluice/shared';
import type { ClientMoveEvent, ClientPeerEvent } from '@sluice/shared/protocol';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { NodeMetrics } from '../metrics.ts';
import { Demand } from '../pipes/demand.ts';
import type { Links } from '../pipes/links.ts';
import type { Pipes } from '../pipes/pipes.ts';
import { askUpstream, UpstreamDemand } from '../pipes/upstream-demand.ts';
import { OwnProducers } from './own-producers.ts';
import type { QualityEvent } from '../notices/notices.ts';
import type { Peer } from './peer.ts';
import { PeerUpdates } from './peer-updates.ts';
import type { SliceEvents, SliceOptions } from './slice-options.ts';
import { createFeed, createLinks, createPipes, createWriter } from './slice-parts.ts';
import { SliceRouters } from './slice-routers.ts';
import type { SliceWriter } from './slice-writer.ts';
import { createSpeakers, type Speakers } from '../notices/speakers.ts';

/**
 * The part of a room that this node holds: its routers, its peers, and the pipes to the rest of the room. It follows
 * the room's events like everyone else; what happens to its own peers it writes to the directory first.
 */
export class Slice {
  readonly room: RoomId;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly events: SliceEvents<Slice>;
  readonly peers = new Map<PeerId, Peer>();
  readonly feed: RoomFeed;
  readonly links: Links;
  readonly pipes: Pipes;
  readonly producers: OwnProducers;
  readonly demand: Demand;
  /** Changed records of peers here, on their way to the directory. */
  readonly updates: PeerUpdates;
  readonly #upstream: UpstreamDemand;
  readonly #options: SliceOptions<Slice>;
  readonly #routers: SliceRouters;
  readonly #writer: SliceWriter;
  readonly #speakers: Speakers;
  /** Producers that were closed on purpose lately: they get no successor. */
  readonly #gone = new Set<ProducerId>();
  /** Peers that the directory has not answered for yet. Each is among `peers` too, unless another has its id. */
  readonly entering = new Set<Peer>();
  /** Joins under way: a slice that a peer is about to enter is not empty. */
  joining = 0;
  /** Producers that this slice gives on to other nodes, though no peer of the room may be here. */
  relaying = 0;
  /** The cluster has taken this slice from us. */
  fenced = false;
  /** The directory has yet to be told again what this node holds of the room. */
  lost = false;
  #opened: Promise<void> | undefined;
  #closed = false;

  constructor(options: SliceOptions<Slice>) {
    const { room, clock, events } = options;
    this.#options = options;
    this.room = room;
    this.owner = options.owner;
    this.clock = clock;
    this.events = events;
    this.log = options.log;
    this.metrics = options.metrics;
    this.#routers = new SliceRouters({
      pool: options.pool,
      policy: options.config.spread,
      hotLoad: options.config.hotWorkerLoad,
      onLost: (router) => {
        this.#speakers.routerLost(router);
        events.routerLost(this, router);
      },
      onSpeakers: (router, speakers) => this.#speakers.heard(router, speakers),
    });
    this.feed = createFeed(this, options);
    this.#speakers = createSpeakers(this, options);
    this.#writer = createWriter(this, options);
    this.links = createLinks(this, options, (id) => this.#routers.byId(id));
    this.pipes = createPipes(this, options);
    this.producers = new OwnProducers({
      onGone: (producerId) => this.demand.forget(producerId),
      onClosed: (producerId) => this.pipes.producerClosed(producerId),
      write: (change) => this.write(change),
      commit: (change) => this.commit(change),
    });
    this.updates = new PeerUpdates({ clock, commit: (changes) => this.commit(...changes) });
    this.demand = new Demand({
      clock,
      onChange: (producerId, layer) => this.#tellDemand(producerId, layer),
      lives: (producerId) => this.recordOf(producerId) !== undefined,
    });
    this.#upstream = new UpstreamDemand({
      clock,
      tell: (producerId, layer) => askUpstream({ ...options, pipes: this.pipes }, producerId, layer),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get empty(): boolean {
    return this.peers.size === 0 && this.joining === 0 && this.relaying === 0;
  }

  get routers(): readonly SliceRouter[] {
    return this.#routers.standing;
  }

  /** Begins to follow the room: its events are heard before it is read. Shared by all who ask. */
  open(): Promise<void> {
    this.#opened ??= this.feed.subscribe();
    // A room that is not there yet, or can't be read now, is read when the first peer has entered.
    void this.#opened.then(() => this.feed.load()).catch(() => undefined);
    return this.#opened;
  }

  /** Resolves when the room is known up to here. */
  async reach(position: Position): Promise<void> {
    await this.open();
    await this.feed.reach(position);
  }

  /** It was closed on purpose: for a while its consumers are known not to be waiting for a successor. */
  rememberGone(producerId: ProducerId, forMs: number): void {
    this.#gone.add(producerId);
    this.clock.setTimer(() => this.#gone.delete(producerId), forMs);
  }

  isGone(producerId: ProducerId): boolean {
    return this.#gone.has(producerId);
  }

  /** Whether a producer whose copy here is gone lives on another node, as far as the room knows. */
  livesElsewhere(producerId: ProducerId): boolean {
    const record = this.recordOf(producerId);
    return record !== undefined && record.boot !== this.owner.boot && !this.isGone(producerId);
  }

  /** The producer is gone: nothing is wanted of it any more, and what is still to be told of that is not. */
  forgetDemand(producerId: ProducerId): void {
    this.demand.forget(producerId);
    this.#upstream.forget(producerId);
  }

  /** The peers that the directory has taken in: those that are still entering are its business. */
  entered(): Peer[] {
    return [...this.peers.values()].filter(({ entered }) => entered);
  }

  /** All peers with media here, those that are entering included. */
  present(): Peer[] {
    return [...new Set([...this.peers.values(), ...this.entering])];
  }

  recordOf(producerId: ProducerId): ProducerRecord | undefined {
    return this.producers.get(producerId)?.record ?? this.feed.view.producers.get(producerId);
  }

  /** As `recordOf`, but reads what this node may have missed before it says that there is none. */
  async findRecord(producerId: ProducerId): Promise<ProducerRecord> {
    const known = this.recordOf(producerId);
    if (known) return known;
    await this.feed.catchUp();
    const record = this.recordOf(producerId);
    if (!record) throw new SluiceError('producerNotFound', 'There is no such producer.');
    return record;
  }

  /** Enters a peer into the room. `shown` is the hash of the token that its client has shown. */
  async enter(record: NewPeerRecord, shown: string | undefined): Promise<Entered> {
    const { directory, config } = this.#options;
    const limits = { maxPeers: config.maxPeersPerRoom, heard: this.feed.position, shown };
    return this.#begin(await this.#writer.fenced(() => directory.enter(this.room, record, limits)));
  }

  /**
   * Takes a peer over from another boot; the room does not see it leave.
   *
   * @throws peerNotFound when it has left, or has another owner or another session by now.
   */
  async take(record: NewPeerRecord, from: Owner & Pick<PeerRecord, 'sessionId'>): Promise<Entered> {
    const limits = { heard: this.feed.position };
    return this.#begin(await this.#writer.fenced(() => this.#options.directory.take(this.room, record, from, limits)));
  }

  /** Writes to the directory; see {@link SliceWriter}. */
  commit(...changes: Change[]): Promise<Committed> {
    return this.#writer.commit(changes);
  }

  /** Writes a change that a client is answered for; see {@link SliceWriter}. */
  write(change: Change): Promise<Position> {
    return this.#writer.write(change);
  }

  /** Writes what this node holds of the room. From here on our peers are in the life that it has now. */
  restore(changes: Change[]): Promise<void> {
    return this.#writer.restore(changes);
  }

  #begin(entered: Entered): Entered {
    for (const peer of this.peers.values()) if (peer.entered) return entered;
    this.#writer.life = entered.epoch;
    return entered;
  }

  /** Takes a peer out of the room: its media at once, its record as soon as the directory takes it. */
  async remove(peer: Peer, reason: 'left' | 'disconnected' | 'replaced' | 'kicked' | 'failed'): Promise<void> {
    const leaver = { peer: peer.record, hasEntered: peer.entered };
    const producers = [...peer.producers.values()].map((own) => own.record);
    this.discard(peer);
    await this.#writer.leave({ ...leaver, producers }, reason);
  }

  /** Lets a peer's media go without a word to the directory: it knows. */
  discard(peer: Peer): void {
    for (const own of [...peer.producers.values()]) this.producers.close(own);
    peer.close();
    if (this.peers.get(peer.id) === peer) this.peers.delete(peer.id);
  }

  routerForPeer(): Promise<SliceRouter> {
    return this.#routers.forPeer();
  }

  tell(peer: Peer, event: ClientPeerEvent | ClientMoveEvent): void {
    this.#options.notices.tell(this.room, peer, event);
  }

  tellSoon(peer: Peer, event: QualityEvent): void {
    this.#options.notices.tellSoon(this.room, peer, event);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const peer of this.present()) this.discard(peer);
    this.demand.close();
    this.#speakers.close();
    this.links.close();
    this.#routers.close();
    await this.feed.close();
  }

  /** Demand flows up: to the peer that publishes, or to the node that the producer came from. */
  #tellDemand(producerId: ProducerId, maxSpatialLayer: number): void {
    const own = this.producers.get(producerId);
    if (own) this.tell(own.peer, { type: 'producerDemand', producerId, maxSpatialLayer });
    else this.#upstream.send(producerId, maxSpatialLayer);
  }
}
