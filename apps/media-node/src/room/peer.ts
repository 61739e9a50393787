import type {
  CarriedConsumer,
  ConsumerId,
  PeerId,
  PeerRecord,
  Position,
  ProducerId,
  ProducerRecord,
  SessionId,
  Timer,
  TransportId,
} from '@sluice/shared';
import { Mailbox, SluiceError } from '@sluice/shared';
import type { RtpCapabilities } from '@sluice/shared/protocol';
import type { types } from '../mediasoup/types.ts';
import { peerLimits } from '../config.ts';
import { describeCarried, type PeerConsumer, type PeerDataConsumer } from '../mediasoup/consumers.ts';
import type { PendingMove } from './pending-move.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { Direction, PeerTransport } from '../mediasoup/transports.ts';

/** A producer of a peer on this node, with what the directory was told of it. */
export interface OwnProducer {
  readonly peer: Peer;
  readonly producer: types.Producer | types.DataProducer;
  record: ProducerRecord;
}

/**
 * A peer's media on this node: its transports, all on one router, and what runs on them. Operations of one peer run one
 * at a time, in its mailbox; it may still be closed between any two lines, by its worker's death or by the cluster.
 */
export class Peer {
  record: PeerRecord;
  router: SliceRouter;
  rtpCapabilities: RtpCapabilities | undefined;
  /** The event that this peer entered with; undefined while it is entering. */
  enteredAt: Position | undefined;
  /** The peer is in another node's hands by now; what it still has here is kept until it stands there. */
  movedAway = false;
  /** The peer has no session: it waits to be resumed. */
  detached = false;
  /** Runs while the peer has no session, or has moved away: when it ends, so does the peer here. */
  grace: Timer | undefined;
  /** What it consumed when its own router was lost: to be consumed again on another. */
  readonly lostConsumers: CarriedConsumer[] = [];
  /** What it consumed of producers that are gone, and may have successors. */
  readonly awaitingSuccessor = new Map<ConsumerId, CarriedConsumer>();
  /** Consumers made in place of others and not resumed yet. */
  readonly replacements = new Set<ConsumerId>();
  /** A move that its client has not answered yet. */
  move: PendingMove | undefined;
  readonly mailbox = new Mailbox(128);
  readonly transports = new Map<TransportId, PeerTransport>();
  readonly producers = new Map<ProducerId, OwnProducer>();
  readonly consumers = new Map<ConsumerId, PeerConsumer>();
  readonly dataConsumers = new Map<ConsumerId, PeerDataConsumer>();
  #closed = false;

  constructor(record: PeerRecord, router: SliceRouter) {
    this.record = record;
    this.router = router;
    router.addPeer();
  }

  get id(): PeerId {
    return this.record.peerId;
  }

  get sessionId(): SessionId {
    return this.record.sessionId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws peerNotFound once it is closed: what an operation has made since must not stay. */
  assertOpen(): void {
    if (this.#closed) throw new SluiceError('peerNotFound', 'The peer has left.');
  }

  moveTo(router: SliceRouter): void {
    this.router.removePeer();
    this.router = router;
    router.addPeer();
  }

  /** @throws transportNotFound; another peer's transport is not found either. */
  transport(id: TransportId): PeerTransport {
    const transport = this.transports.get(id);
    if (!transport) throw new SluiceError('transportNotFound', 'There is no such transport.');
    return transport;
  }

  /** @throws transportNotFound, or badRequest when it is of the other direction. */
  transportFor(direction: Direction, id: TransportId): types.WebRtcTransport {
    const found = this.transport(id);
    if (found.direction !== direction) {
      throw new SluiceError(
        'badRequest',
        `This transport is for ${found.direction === 'send' ? 'sending' : 'receiving'}.`,
        {
          details: { path: 'transportId' },
        },
      );
    }
    return found.transport;
  }

  /** The receiving transport to consume on: the one named, or the newest. */
  receivingTransport(id?: TransportId): types.WebRtcTransport {
    if (id !== undefined) return this.transportFor('recv', id);
    const newest = [...this.transports.values()].findLast(({ direction }) => direction === 'recv');
    if (!newest) throw new SluiceError('transportNotFound', 'Create a receiving transport first.');
    return newest.transport;
  }

  producer(id: ProducerId, kind: 'media' | 'data'): OwnProducer {
    const own = this.producers.get(id);
    if (!own || (own.record.kind === 'data' ? 'data' : 'media') !== kind) {
      throw new SluiceError('producerNotFound', 'There is no such producer.');
    }
    return own;
  }

  consumer(id: ConsumerId): PeerConsumer {
    const consumer = this.consumers.get(id);
    if (!consumer)
      throw new SluiceError('consumerNotFound', 'There is no such consumer.', { details: { consumerId: id } });
    return consumer;
  }

  assertRoomFor(what: keyof typeof peerLimits): void {
    if (this.#count(what) < peerLimits[what]) return;
    throw new SluiceError('limitExceeded', `A peer may have ${peerLimits[what]} ${what}.`, {
      details: { limit: what },
    });
  }

  #count(what: keyof typeof peerLimits): number {
    if (what === 'transports') return this.transports.size;
    if (what === 'consumers') return this.consumers.size + this.dataConsumers.size;
    const media = [...this.producers.values()].filter(({ record }) => record.kind !== 'data').length;
    return what === 'producers' ? media : this.producers.size - media;
  }

  /** What it consumes, as another place needs it to go on. */
  carriedConsumers(): CarriedConsumer[] {
    return [...this.consumers.values()].map(({ consumer }) => describeCarried(consumer));
  }

  understands(feature: string): boolean {
    return this.record.features.includes(feature);
  }

  /** Closes all that is the peer's on this node. Tells nobody: its slice does. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.grace?.cancel();
    this.move?.stop();
    this.router.removePeer();
    for (const { transport } of this.transports.values()) transport.close();
    this.transports.clear();
    this.producers.clear();
    for (const consumer of this.consumers.values()) consumer.release();
    for (const consumer of this.dataConsumers.values()) consumer.release();
    this.consumers.clear();
    this.dataConsumers.clear();
    this.awaitingSuccessor.clear();
  }
}
