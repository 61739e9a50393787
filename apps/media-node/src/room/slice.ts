import type {
  Change,
  Clock,
  Logger,
  Owner,
  PeerId,
  PeerRecord,
  Position,
  ProducerId,
  ProducerRecord,
  RoomEvent,
  RoomId,
  RoomSnapshot,
} from '@sluice/shared';
import { RoomFeed, SluiceError } from '@sluice/shared';
import type { ClientMoveEvent, ClientPeerEvent } from '@sluice/shared/protocol';
import { askDemand } from '../pipes/ask-demand.ts';
import { Demand } from '../pipes/demand.ts';
import { DemandErrand } from '../pipes/upstream-demand.ts';
import { Links } from '../pipes/links.ts';
import { Pipes } from '../pipes/pipes.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { OwnProducer, Peer } from './peer.ts';
import { fateOf } from './peer-fate.ts';
import { keepLost, lostGraceMs, replaceConsumers, stopWaiting, wasLost } from '../viewing/successors.ts';
import type { SliceOptions } from './slice-options.ts';
import { SliceRouters } from './slice-routers.ts';
import { type SliceWriter, writerOf } from './slice-writer.ts';
import { tellSpeakers } from './speakers.ts';

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
  readonly onPipeLost: SliceOptions['onPipeLost'];
  readonly peers = new Map<PeerId, Peer>();
  readonly feed: RoomFeed;
  readonly links: Links;
  readonly pipes: Pipes;
  readonly demand: Demand;
  readonly #errand: DemandErrand;
  readonly #options: SliceOptions;
  readonly #routers: SliceRouters;
  readonly #writer: SliceWriter;
  readonly #own = new Map<ProducerId, OwnProducer>();
  /** Closed on purpose lately: nobody waits for a successor. */
  readonly #gone = new Set<ProducerId>();
  /** Joins under way: a slice that somebody is about to enter is not empty. */
  joining = 0;
  /** The cluster has taken this slice from us. */
  fenced = false;
  /** The directory has yet to be told again what this node holds of the room. */
  lost = false;
  #closed = false;

  constructor(options: SliceOptions) {
    const { room, clock, log, metrics, directory, endpoint } = options;
    this.#options = options;
    this.room = room;
    this.owner = options.owner;
    this.clock = clock;
    this.onPipeLost = options.onPipeLost;
    this.log = log;
    this.metrics = metrics;
    this.#routers = new SliceRouters({
      pool: options.pool,
      policy: options.config.spread,
      hotLoad: options.config.hotWorkerLoad,
      onLost: (router) => options.onRouterLost(this, router),
      onSpeakers: (router, speakers) => tellSpeakers(this, router, speakers),
    });
    this.feed = new RoomFeed({
      room,
      directory,
      log,
      onEvent: (event, position) => this.#follow(event, position),
      settling: options.settling,
      onLost: () => void options.onLost(this),
      now: () => clock.now(),
      onRepair: (kind) => metrics.repairs.inc({ kind }),
      onGarbage: options.onGarbage,
    });
    this.#writer = writerOf(this, options);
    this.links = new Links({
      room,
      endpoint,
      clock,
      listen: options.listen,
      routerById: (id) => this.#routers.byId(id),
      kindOf: (producerId) => this.recordOf(producerId)?.kind,
    });
    this.pipes = new Pipes({
      links: this.links,
      clock,
      log,
      metrics,
      idleMs: options.config.pipeIdleMs,
      ownRouterOf: (producerId) => this.own(producerId)?.peer.router,
      recordOf: (producerId) => this.recordOf(producerId),
      sourceOf: (record) => options.sourceOf(this, record),
      onGone: (producerId) => this.demand.forget(producerId),
    });
    this.demand = new Demand({ clock, onChange: (producerId, layer) => this.#tellDemand(producerId, layer) });
    this.#errand = new DemandErrand({ clock, tell: (id, layer) => askDemand(this, endpoint, id, layer) });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get empty(): boolean {
    return this.peers.size === 0 && this.joining === 0;
  }

  get routers(): readonly SliceRouter[] {
    return this.#routers.standing;
  }

  /** Begins to follow the room. The first snapshot comes with the first peer that enters. */
  open(): Promise<void> {
    return this.feed.subscribe();
  }

  /** A producer of a peer here. */
  own(producerId: ProducerId): OwnProducer | undefined {
    return this.#own.get(producerId);
  }

  /** A producer went with its router. Its copies stay, silent, for those who wait for its successor. */
  loseProducer({ peer, record }: OwnProducer): void {
    this.#own.delete(record.producerId);
    peer.producers.delete(record.producerId);
    this.demand.forget(record.producerId);
  }

  isGone(producerId: ProducerId): boolean {
    return this.#gone.has(producerId);
  }

  ownProducers(): OwnProducer[] {
    return [...this.#own.values()];
  }

  /** The peers that the directory has taken in: those that are still entering are its business. */
  entered(): Peer[] {
    return [...this.peers.values()].filter(({ enteredAt, movedAway }) => enteredAt !== undefined && !movedAway);
  }

  recordOf(producerId: ProducerId): ProducerRecord | undefined {
    return this.#own.get(producerId)?.record ?? this.feed.view.producers.get(producerId);
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

  /** Enters a peer into the room and takes the room's picture from the same change. */
  async enter(record: PeerRecord): Promise<RoomSnapshot> {
    const { directory, config } = this.#options;
    const limits = { maxPeers: config.maxPeersPerRoom, heard: this.feed.position };
    const snapshot = await this.#writer.fenced(() => directory.enter(this.room, record, limits));
    this.#begin(snapshot);
    return snapshot;
  }

  /**
   * Takes a peer over from another boot, its room none the wiser.
   *
   * @throws peerNotFound when it has left, or somebody else has it by now.
   */
  async take(record: PeerRecord, from: Owner & Pick<PeerRecord, 'sessionId'>): Promise<RoomSnapshot> {
    await this.commit({ type: 'takePeer', peer: record, from });
    const snapshot = await this.#options.directory.snapshot(this.room);
    const taken = snapshot?.peers.find(({ peerId }) => peerId === record.peerId);
    if (!snapshot || taken?.boot !== record.boot || taken.sessionId !== record.sessionId) {
      throw new SluiceError('peerNotFound', 'The peer has left, or is in other hands.');
    }
    this.#begin(snapshot);
    return snapshot;
  }

  /** Writes to the directory; see {@link SliceWriter}. */
  commit(...changes: Change[]): Promise<Position> {
    return this.#writer.commit(changes);
  }

  /** Writes what this node holds of the room. From here on our peers are in the life that it has now. */
  restore(changes: Change[]): Promise<void> {
    return this.#writer.restore(changes);
  }

  #begin(snapshot: RoomSnapshot): void {
    if (this.entered().length === 0) this.#writer.life = snapshot.epoch;
    this.feed.seed(snapshot);
  }

  addProducer(own: OwnProducer): void {
    this.#own.set(own.record.producerId, own);
    own.peer.producers.set(own.record.producerId, own);
  }

  /** Lets a producer and its copies on this node go. The rest of the room hears of it from the directory. */
  closeProducer({ peer, producer, record }: OwnProducer): void {
    this.#own.delete(record.producerId);
    peer.producers.delete(record.producerId);
    this.demand.forget(record.producerId);
    this.pipes.producerClosed(record.producerId);
    producer.close();
  }

  /** Takes a peer out of the room: its media at once, its record as soon as the directory takes it. */
  async remove(peer: Peer, reason: 'left' | 'disconnected' | 'replaced' | 'kicked' | 'failed'): Promise<void> {
    const producerIds = [...peer.producers.keys()];
    this.discard(peer);
    await this.commit({ type: 'removePeer', peerId: peer.id, reason, producerIds });
  }

  /** Lets a peer's media go without a word to the directory: it knows. */
  discard(peer: Peer): void {
    for (const own of [...peer.producers.values()]) this.closeProducer(own);
    peer.close();
    if (this.peers.get(peer.id) === peer) this.peers.delete(peer.id);
  }

  routerForPeer(): Promise<SliceRouter> {
    return this.#routers.forPeer();
  }

  tell(peer: Peer, event: ClientPeerEvent | ClientMoveEvent): void {
    const { gateway, sessionId } = peer.record;
    this.#options.endpoint.notify(gateway, 'peerEvent', { room: this.room, peerId: peer.id, sessionId, event });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const peer of [...this.peers.values()]) this.discard(peer);
    this.demand.close();
    this.links.close();
    this.#routers.close();
    await this.feed.close();
  }

  #follow(event: RoomEvent, position: Position): void {
    if (event.type === 'producerAdded') {
      const { replaces } = event.producer;
      if (replaces !== undefined) replaceConsumers(this, event.producer, replaces);
    } else if (event.type === 'producerClosed') {
      this.demand.forget(event.producerId);
      this.#errand.forget(event.producerId);
      if (wasLost(event.reason)) keepLost(this, this.clock, event.producerId);
      else this.#closedForGood(event.producerId);
    } else if (event.type === 'producerPaused' || event.type === 'producerResumed') {
      // A copy that closes meanwhile needs no pause.
      this.pipes.producerPaused(event.producerId, event.type === 'producerPaused').catch(() => undefined);
    } else if (event.type === 'peerLeft') {
      this.#ownPeerGone(event.peerId, undefined, position, event.reason);
    } else if (event.type === 'peerJoined' || event.type === 'peerUpdated') {
      this.#ownPeerGone(event.peer.peerId, event.peer, position, 'replaced');
    } else if (event.type === 'sliceFenced') {
      if (event.node === this.owner.node && event.boot === this.owner.boot) this.#options.onFenced(this);
    }
  }

  /** An event about one of our own peers that we did not cause: it left, moved, or another session is the peer now. */
  #ownPeerGone(peerId: PeerId, now: PeerRecord | undefined, position: Position, reason: string): void {
    const peer = this.peers.get(peerId);
    if (!peer) return;
    const fate = fateOf(peer, now, position);
    if (fate === 'movedAway') this.#options.onPeerMoved(this, peer);
    else if (fate === 'gone') this.#options.onPeerGone(this, peer, reason);
  }

  #closedForGood(producerId: ProducerId): void {
    this.#gone.add(producerId);
    this.clock.setTimer(() => this.#gone.delete(producerId), lostGraceMs);
    this.pipes.producerClosed(producerId);
    stopWaiting(this, producerId);
  }

  /** Demand flows up: to the peer that publishes, or to the node that the producer came from. */
  #tellDemand(producerId: ProducerId, maxSpatialLayer: number): void {
    const own = this.own(producerId);
    if (own) this.tell(own.peer, { type: 'producerDemand', producerId, maxSpatialLayer });
    else this.#errand.send(producerId, maxSpatialLayer);
  }
}
