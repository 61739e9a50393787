import { outOfPorts } from '../mediasoup/errors.ts';
import type { OpenPipeResult, PipeEnd, ProducerId } from '@sluice/shared';
import type { ProducerKind } from '@sluice/shared/protocol';
import { SluiceError } from '@sluice/shared';
import type { types } from 'mediasoup';
import { consumePaused, type PausedPipe } from './paused-pipe.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';

export type Given = types.Consumer | types.DataConsumer;
export type Taken = types.Producer | types.DataProducer;

/** `worker`: both ends are in this process. `node`: the other end is on another node, so SRTP and RTX are on. */
export type LinkScope = 'worker' | 'node';

export interface LinkListen {
  ip: string;
  announcedAddress?: string;
  portRange: { min: number; max: number };
}

/** The other side has made its end anew: this one leads nowhere and must be made anew too. */
export class StaleLink extends Error {}

/**
 * One end of the pair of pipe transports between a router of this slice and another router, here or on another node. A
 * pair carries producers in both directions: `given` are sent to the other router, `taken` came from there under their
 * own ids.
 */
export class LinkEnd {
  readonly router: SliceRouter;
  readonly farRouter: string;
  readonly scope: LinkScope;
  /** The bus address of the node at the other end; undefined within this process. */
  readonly farAddress: string | undefined;
  readonly given = new Map<ProducerId, Given>();
  /** When each was given, on the process's clock: a sweep leaves the newest alone. */
  readonly givenAt = new Map<ProducerId, number>();
  readonly taken = new Map<ProducerId, Taken>();
  /** Exchanges under way: an end that an exchange is about to use is not empty. */
  pending = 0;
  readonly #transport: types.PipeTransport;
  /** Video that no consumer at the other end can use yet. */
  readonly #shut = new Set<ProducerId>();
  #far: { transportId: string; connected: Promise<void> } | undefined;

  private constructor(options: LinkEndOptions, transport: types.PipeTransport) {
    this.router = options.router;
    this.farRouter = options.farRouter;
    this.farAddress = options.farAddress;
    this.scope = options.farAddress === undefined ? 'worker' : 'node';
    this.#transport = transport;
    transport.observer.once('close', () => options.onClosed(this));
  }

  static async create(options: LinkEndOptions): Promise<LinkEnd> {
    const toNode = options.farAddress !== undefined;
    const transport = await options.router.router
      .createPipeTransport({
        listenInfo: { protocol: 'udp', ...options.listen },
        enableSctp: true,
        enableSrtp: toNode,
        enableRtx: toNode,
      })
      .catch(outOfPorts);
    return new LinkEnd(options, transport);
  }

  get id(): string {
    return this.#transport.id;
  }

  get closed(): boolean {
    return this.#transport.closed;
  }

  get empty(): boolean {
    return this.given.size === 0 && this.taken.size === 0 && this.pending === 0;
  }

  get farTransportId(): string | undefined {
    return this.#far?.transportId;
  }

  /** What the other side needs to connect to this end. */
  describe(): PipeEnd {
    const { tuple, srtpParameters } = this.#transport;
    return {
      transportId: this.id,
      ip: tuple.localAddress,
      port: tuple.localPort,
      ...(srtpParameters && { srtpParameters }),
    };
  }

  /**
   * Connects to the other end. Both sides may ask each other at once: the side that hears of the other end first
   * connects, and the second time is a no-op.
   *
   * @throws StaleLink when it is connected to another transport already.
   */
  connect(far: PipeEnd): Promise<void> {
    if (this.#far) {
      if (this.#far.transportId !== far.transportId) throw new StaleLink();
      return this.#far.connected;
    }
    const { ip, port, srtpParameters } = far;
    const connected = this.#transport.connect({
      ip,
      port,
      ...(srtpParameters && { srtpParameters: srtpParameters as types.SrtpParameters }),
    });
    this.#far = { transportId: far.transportId, connected };
    return connected;
  }

  /**
   * Begins to send a producer of this router. One that is given already is given anew: the asker lost its copy. Video
   * starts paused, to be opened when a consumer at the other end can receive: a pipe asks for a key frame the moment it
   * flows, and a browser answers no second request within 300 ms of the first.
   */
  async give(
    producerId: ProducerId,
    kind: ProducerKind | undefined,
    now: number,
  ): Promise<Omit<OpenPipeResult, 'giver'>> {
    this.given.get(producerId)?.close();
    this.givenAt.set(producerId, now);
    if (kind === 'data') return this.#giveData(producerId);
    const { consumer, rtpParameters } = await this.#giveMedia(producerId, kind);
    this.#keep(this.given, producerId, consumer);
    if (consumer.paused) this.#shut.add(producerId);
    return { kind: consumer.kind, rtpParameters, paused: consumer.producerPaused } as Omit<OpenPipeResult, 'giver'>;
  }

  /** Lets through, for the first time, what was given before a consumer could use it. */
  async open(producerId: ProducerId): Promise<void> {
    if (this.#shut.has(producerId)) await this.want(producerId, true);
  }

  /** Without demand at the other end nothing is sent. */
  async want(producerId: ProducerId, wanted: boolean): Promise<void> {
    this.#shut.delete(producerId);
    const given = this.given.get(producerId);
    await (wanted ? given?.resume() : given?.pause());
  }

  /** Makes the other side's producer appear in this router. */
  async take(producerId: ProducerId, answer: OpenPipeResult): Promise<Taken> {
    if (answer.kind === 'data') {
      const { sctpStreamParameters, label, protocol } = answer;
      const producer = await this.#transport.produceData({ id: producerId, sctpStreamParameters, label, protocol });
      return this.#keep(this.taken, producerId, producer);
    }
    const { kind, paused } = answer;
    const rtpParameters = answer.rtpParameters as types.RtpParameters;
    const producer = await this.#transport.produce({ id: producerId, kind, rtpParameters, paused });
    return this.#keep(this.taken, producerId, producer);
  }

  /** Bytes of RTP that came, and went, since this end was made. */
  async traffic(): Promise<{ received: number; sent: number }> {
    const [stat] = await this.#transport.getStats();
    return { received: stat?.rtpBytesReceived ?? 0, sent: stat?.rtpBytesSent ?? 0 };
  }

  close(): void {
    this.#transport.close();
  }

  async #giveMedia(producerId: ProducerId, kind: ProducerKind | undefined): Promise<PausedPipe> {
    if (kind === 'video') {
      const { router } = this.router;
      return consumePaused(this.#transport, { producerId, router, enableRtx: this.scope === 'node' });
    }
    const consumer = await this.#transport.consume({ producerId });
    return { consumer, rtpParameters: consumer.rtpParameters };
  }

  async #giveData(producerId: ProducerId): Promise<Omit<OpenPipeResult, 'giver'>> {
    const consumer = await this.#transport.consumeData({ dataProducerId: producerId });
    this.#keep(this.given, producerId, consumer);
    const { sctpStreamParameters, label, protocol } = consumer;
    if (!sctpStreamParameters) throw new SluiceError('internal', 'A piped data consumer has no stream.');
    return { kind: 'data', sctpStreamParameters, label, protocol } as Omit<OpenPipeResult, 'giver'>;
  }

  #keep<T extends Given | Taken>(map: Map<ProducerId, Given | Taken>, producerId: ProducerId, object: T): T {
    // Two exchanges about the same producer may have run at once, the first given up by its asker.
    map.get(producerId)?.close();
    map.set(producerId, object);
    onClose(object, () => {
      if (map.get(producerId) !== object) return;
      map.delete(producerId);
      if (map === this.given) this.#shut.delete(producerId);
      if (map === this.given) this.givenAt.delete(producerId);
    });
    return object;
  }
}

/** Their observers differ in type only: each says `close` once, however it came about. */
export function onClose(object: Given | Taken, listener: () => void): void {
  (object.observer as types.ProducerObserver).once('close', listener);
}

export interface LinkEndOptions {
  router: SliceRouter;
  farRouter: string;
  farAddress: string | undefined;
  listen: LinkListen;
  onClosed(end: LinkEnd): void;
}
