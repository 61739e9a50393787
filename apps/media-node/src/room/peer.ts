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
import { ByteBudget, Mailbox, SluiceError } from '@sluice/shared';
import type { RtpCapabilities } from '@sluice/shared/protocol';
import type { types } from '../mediasoup/types.ts';
import { peerLimits } from '../config.ts';
import { describeCarried, type PeerConsumer, type PeerDataConsumer } from '../mediasoup/consumers.ts';
import { ConsumerQuota } from './consumer-quota.ts';
import { attached, cancelTimers, type DetachCause, type PeerPhase } from './peer-phase.ts';
import type { PendingMove } from './pending-move.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { Direction, PeerTransport } from '../mediasoup/transports.ts';

/** A producer of a peer on this node, with what the directory was told of it. */
export interface OwnProducer {
  readonly peer: Peer;
  readonly producer: types.Producer | types.DataProducer;
  record: ProducerRecord;
  /** The directory is being told that it is closed. */
  closing?: boolean;
}

type LimitedByCount = 'transports' | 'producers' | 'dataProducers';

/**
 * A peer's media on this node: its transports, all on one router, and what runs on them. Operations of one peer run one
 * at a time, in its mailbox; it may still be closed between any two lines, by its worker's death or by the cluster.
 */
export class Peer {
  record: PeerRecord;
  router: SliceRouter;
  rtpCapabilities: RtpCapabilities | undefined;
  /** What it consumed when its own router was lost: to be consumed again on another. */
  readonly lostConsumers: CarriedConsumer[] = [];
  /** Its transports that went with its router, until its client is told. */
  readonly lostTransports: TransportId[] = [];
  /** What it consumed of producers that are gone, and may have successors. */
  readonly awaitingSuccessor = new Map<ConsumerId, CarriedConsumer>();
  /** Consumers made in place of others and not resumed yet. */
  readonly replacements = new Set<ConsumerId>();
  /** A move that its client has not answered yet. */
  move: PendingMove | undefined;
  readonly mailbox = new Mailbox(128);
  readonly messageBytes = new ByteBudget();
  readonly transports = new Map<TransportId, PeerTransport>();
  readonly producers = new Map<ProducerId, OwnProducer>();
  readonly consumers = new Map<ConsumerId, PeerConsumer>();
  readonly dataConsumers = new Map<ConsumerId, PeerDataConsumer>();
  /** Of both kinds. */
  readonly consumerQuota = new ConsumerQuota();
  #phase: PeerPhase = { name: 'entering', attachment: attached };

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

  get phase(): PeerPhase {
    return this.#phase;
  }

  get closed(): boolean {
    return this.#phase.name === 'closed';
  }

  /** The directory has taken it in, and no other node owns it. */
  get entered(): boolean {
    return this.#phase.name === 'here';
  }

  /** Another node owns the peer by now. */
  get movedAway(): boolean {
    return this.#phase.name === 'movedAway';
  }

  /** No gateway speaks for the peer: it waits to be resumed. */
  get detached(): boolean {
    return this.detachCause !== undefined;
  }

  get detachCause(): DetachCause | undefined {
    const phase = this.#phase;
    if (phase.name !== 'entering' && phase.name !== 'here') return undefined;
    return phase.attachment.state === 'detached' ? phase.attachment.cause : undefined;
  }

  /** The directory has taken the peer in, at this position. */
  enter(enteredAt: Position): void {
    const phase = this.#phase;
    if (phase.name === 'entering') this.#phase = { name: 'here', enteredAt, attachment: phase.attachment };
  }

  /**
   * The peer lost its session. A peer that is detached already keeps its timers, and the word of its gateway: that one
   * does not take a session back. `start` starts the timers that end the peer's stay.
   */
  detach(cause: DetachCause, start: () => Timer[]): void {
    const phase = this.#phase;
    if (phase.name !== 'entering' && phase.name !== 'here') return;
    const { attachment: before } = phase;
    const timers = before.state === 'detached' ? before.timers : start();
    const kept = before.state === 'detached' && before.cause === 'session' ? 'session' : cause;
    this.#phase = { ...phase, attachment: { state: 'detached', cause: kept, timers } };
  }

  /** A gateway speaks for the peer again. */
  attach(): void {
    const phase = this.#phase;
    if (phase.name !== 'entering' && phase.name !== 'here') return;
    cancelTimers(phase);
    this.#phase = { ...phase, attachment: attached };
  }

  /** Another node has taken the peer over. `start` starts the timer that ends what is left of it here. */
  moveAway(start: () => Timer): void {
    const phase = this.#phase;
    if (phase.name !== 'here') return;
    cancelTimers(phase);
    this.move?.stop();
    this.#phase = { name: 'movedAway', enteredAt: phase.enteredAt, abandoned: start() };
  }

  /** @throws peerNotFound once it is closed: what an operation has made since must not stay. */
  assertOpen(): void {
    if (this.closed) throw new SluiceError('peerNotFound', 'The peer has left.');
  }

  /**
   * The record changes here first: a sweep that runs before the directory has answered then finds what is being
   * written, and does not write the old record again. Where `write` fails it is as before.
   */
  async changeRecord(record: PeerRecord, write: () => Promise<unknown>): Promise<void> {
    const before = this.record;
    this.record = record;
    try {
      await write();
    } catch (error) {
      if (this.record === record) this.record = before;
      throw error;
    }
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

  assertRoomFor(what: LimitedByCount): void {
    if (this.#count(what) < peerLimits[what]) return;
    throw new SluiceError('limitExceeded', `A peer may have ${peerLimits[what]} ${what}.`, {
      details: { limit: what },
    });
  }

  #count(what: LimitedByCount): number {
    if (what === 'transports') return this.transports.size;
    const media = [...this.producers.values()].filter(({ record }) => record.kind !== 'data').length;
    return what === 'producers' ? media : this.producers.size - media;
  }

  /** What it consumes, as another place needs it to go on. */
  carriedConsumers(): CarriedConsumer[] {
    return [...this.consumers.values()].map(({ consumer }) => describeCarried(consumer));
  }

  /** A consumer was made in the place of another. It may have closed already. */
  noteReplacement(consumerId: ConsumerId): void {
    if (this.consumers.has(consumerId)) this.replacements.add(consumerId);
  }

  understands(feature: string): boolean {
    return this.record.features.includes(feature);
  }

  /** Closes all that is the peer's on this node. The slice tells the room and the client. */
  close(): void {
    if (this.closed) return;
    cancelTimers(this.#phase);
    this.#phase = { name: 'closed' };
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
