import type { RtpCapabilities, TransportParameters } from '@sluice/shared/protocol';
import { Device, type types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import type { Signalling } from '../line/signalling.ts';
import { TransportWatch } from './transport-watch.ts';
import { wireTransport } from './transport-wiring.ts';
import { type TriedWay, waysOf } from './tried-ways.ts';
import { toLocalCapabilities, toTransportOptions } from './wire.ts';

export type Direction = 'send' | 'recv';

/** What a server gives a peer at one place in the cluster: in `joined`, and again whenever its media has to move. */
export interface PlaceParameters {
  rtpCapabilities: RtpCapabilities;
  producerTransport?: TransportParameters;
  consumerTransport?: TransportParameters;
  iceServers: RTCIceServer[];
  handlerFactory?: types.HandlerFactory | undefined;
  /** The place before. What its device has learned of this browser takes tens of milliseconds to learn again. */
  before?: MediaPlace | undefined;
}

export interface MoveManner {
  /** The old place is gone, and each frame counts. Otherwise it still carries media, and there is time for a good picture. */
  lost: boolean;
}

export interface PlaceEvents {
  /** No media goes through in this direction any more; the way back is being looked for. */
  interrupted: Direction;
  /** Media goes through: at first, and after an interruption. */
  connected: Direction;
  /** A transport has ended. It is forgotten already: what it carried needs the next one. */
  lost: LostTransport;
}

export interface LostTransport {
  direction: Direction;
  cause: SluiceClientError;
  /** The server is about to move this peer's media elsewhere. */
  moveComes: boolean;
}

interface Made {
  name: string;
  direction: Direction;
  transport: Promise<types.Transport>;
  /** When it is there. */
  built?: types.Transport;
  watch?: TransportWatch;
}

/**
 * How long a transport that was given up is left to the server, in ms: until the viewers of its producers show those that
 * replace them.
 */
const swapMs = 2500;

/** What the server says of a transport whose worker died: the `move` that follows says what to do. */
const beforeAMove = new Set(['workerLost', 'nodeLost']);

/**
 * This peer's media at one router of the cluster: the device loaded with that router's capabilities, and the transports
 * to it, each made when first used, and made anew when it was lost. A move builds a second place beside this one; a room
 * outlives both.
 */
export class MediaPlace {
  readonly #signalling: Signalling;
  readonly #parameters: Omit<PlaceParameters, 'before'>;
  /** The transports that came with the parameters and were not lost since. */
  readonly #given: Map<Direction, TransportParameters>;
  readonly #emitter = new Emitter<PlaceEvents>();
  readonly #made = new Map<string, Made>();
  readonly #tried = new Map<Direction, TriedWay[]>();
  /** Transports that were given up and that the server still has, until what they carried goes by another. */
  readonly #givenUp = new Map<Direction, string[]>();
  /** The ids of transports that this place asked for. */
  readonly #asked: string[] = [];
  #device: Promise<Device> | undefined;
  #watching = true;
  #closed = false;

  constructor(signalling: Signalling, parameters: PlaceParameters) {
    this.#signalling = signalling;
    const { before, ...own } = parameters;
    this.#parameters = own;
    const { producerTransport, consumerTransport } = own;
    this.#given = new Map();
    if (producerTransport) this.#given.set('send', producerTransport);
    if (consumerTransport) this.#given.set('recv', consumerTransport);
    this.#device = before && before.#deviceFor(own);
  }

  on<T extends keyof PlaceEvents>(type: T, listener: (value: PlaceEvents[T]) => void): Off {
    return this.#emitter.on(type, listener);
  }

  /** Rejects with `unsupported` in a browser without WebRTC. */
  device(): Promise<Device> {
    this.#device ??= loadDevice(this.#parameters);
    return this.#device;
  }

  /** The transport for media, the same until it is lost. Rejects with the server's error, or with `closed`. */
  transport(direction: Direction): Promise<types.Transport> {
    return this.#once(direction, direction, this.#given.get(direction));
  }

  /** The transport for data channels: the one for media where that has SCTP, else one of its own. */
  dataTransport(direction: Direction): Promise<types.Transport> {
    const given = this.#given.get(direction);
    if (!given || given.sctpParameters) return this.transport(direction);
    return this.#once(`${direction} data`, direction, undefined);
  }

  /** By which ways the last transport of this direction could go. */
  triedWays(direction: Direction): readonly TriedWay[] {
    return this.#tried.get(direction) ?? [];
  }

  /** The browser's estimate of the way out, in bits per second, where something was sent. Never rejects. */
  async outgoingBitrate(): Promise<number | undefined> {
    try {
      const report = await (await this.#made.get('send')?.transport)?.getStats();
      const pairs = [...((report?.values() ?? []) as Iterable<RTCIceCandidatePairStats>)];
      return pairs.find(({ type, nominated }) => type === 'candidate-pair' && nominated)?.availableOutgoingBitrate;
    } catch {
      return undefined;
    }
  }

  /** The server has closed a transport of this place, whether it was used or not. */
  transportClosed(transportId: string, reason: string): void {
    for (const [direction, { id }] of this.#given) if (id === transportId) this.#given.delete(direction);
    const cause = new SluiceClientError('mediaFailed', `The server closed the transport (${reason}).`);
    for (const made of this.#made.values()) {
      const loseIt = (transport: types.Transport): void => {
        if (transport.id === transportId) this.#lose(made, transport, cause, beforeAMove.has(reason));
      };
      if (made.built) loseIt(made.built);
      else made.transport.then(loseIt, () => undefined);
    }
  }

  /** Looks whether media still goes through. For when something outside says that the network may have changed. */
  check(): void {
    for (const { watch } of this.#made.values()) watch?.check();
  }

  /** The media is on its way to another place: what ends here now is not made anew. */
  unwatch(): void {
    this.#watching = false;
    for (const made of this.#made.values()) made.watch?.stop();
  }

  /** The move to the other place has failed. */
  watchAgain(): void {
    this.#watching = true;
    for (const made of this.#made.values()) {
      const watch = (transport: types.Transport): void => {
        if (!transport.closed) this.#watch(made, transport).check();
      };
      made.transport.then(watch, () => undefined);
    }
  }

  /** Closes the transports; what is being made closes when it is there. The tracks that were sent live on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closeIt = (transport: types.Transport): void => transport.close();
    // A transport that could not be made has told its caller.
    for (const { transport } of this.#made.values()) transport.then(closeIt, () => undefined);
    this.#made.clear();
    this.#emitter.clear();
  }

  /** Closes it, since another place stands. A move ends what its notices brought, and knows nothing of what was asked for. */
  leave(): void {
    this.close();
    this.#giveBackAll(this.#asked.splice(0));
  }

  /** Whether media goes through. */
  connected(direction: Direction): boolean {
    return this.#made.get(direction)?.watch?.connected === true;
  }

  /**
   * Everything that the lost transports of this direction carried goes by another: the server need not keep them, as it
   * would as long as this peer is in the room. Before that their producers stand for those that replace them.
   */
  giveBack(direction: Direction): void {
    this.#giveBackAll(this.#givenUp.get(direction) ?? []);
    this.#givenUp.delete(direction);
  }

  #once(name: string, direction: Direction, given: TransportParameters | undefined): Promise<types.Transport> {
    const known = this.#made.get(name);
    if (known) return known.transport;
    const made: Made = { name, direction, transport: this.#make(direction, given) };
    this.#made.set(name, made);
    // A refusal is the caller's to handle; what failed is not remembered as made.
    made.transport.then(
      (transport) => this.#wire(made, transport),
      () => this.#forget(made),
    );
    return made.transport;
  }

  async #make(direction: Direction, given: TransportParameters | undefined): Promise<types.Transport> {
    const [device, parameters] = await Promise.all([this.device(), given ?? this.#ask(direction)]);
    if (this.#closed) throw new SluiceClientError('closed', 'The room was left.');
    const { iceServers } = this.#parameters;
    this.#tried.set(direction, waysOf(parameters, iceServers));
    const options = { ...toTransportOptions(parameters), iceServers };
    return direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
  }

  #wire(made: Made, transport: types.Transport): void {
    const onFailed = (cause: unknown): void =>
      this.#lose(made, transport, SluiceClientError.from(cause, 'mediaFailed'));
    made.built = transport;
    wireTransport(this.#signalling, transport, onFailed);
    if (this.#watching) this.#watch(made, transport);
  }

  #watch(made: Made, transport: types.Transport): TransportWatch {
    const { direction } = made;
    const noWay = new SluiceClientError('mediaFailed', 'The media connection was lost, or never came about.');
    made.watch = new TransportWatch({
      transport,
      restartIce: async (transportId) => (await this.#signalling.request('restartIce', { transportId })).iceParameters,
      isAnotherStill: () => this.#watchesBeside(made).some(({ isStill }) => isStill),
      onInterrupted: () => {
        this.#emitter.emit('interrupted', direction);
        for (const watch of this.#watchesBeside(made)) watch.anotherInterrupted();
      },
      onConnected: () => this.#emitter.emit('connected', direction),
      onLost: () => {
        this.#givenUp.set(direction, [...(this.#givenUp.get(direction) ?? []), transport.id]);
        this.#lose(made, transport, noWay);
      },
    });
    return made.watch;
  }

  #watchesBeside(made: Made): TransportWatch[] {
    return [...this.#made.values()].flatMap((other) => (other !== made && other.watch ? [other.watch] : []));
  }

  async #ask(direction: Direction): Promise<TransportParameters> {
    const reply = await this.#signalling.request('createWebRtcTransport', { direction, sctp: true });
    const parameters = 'producerTransport' in reply ? reply.producerTransport : reply.consumerTransport;
    if (this.#closed) this.#giveBackAll([parameters.id]);
    else this.#asked.push(parameters.id);
    return parameters;
  }

  /** Forgotten first and closed last: what it carried asks for the next one in between. */
  #lose(made: Made, transport: types.Transport, cause: SluiceClientError, moveComes = false): void {
    if (this.#closed || transport.closed) return;
    this.#forget(made);
    made.watch?.stop();
    if (this.#watching) this.#emitter.emit('lost', { direction: made.direction, cause, moveComes });
    transport.close();
  }

  #giveBackAll(transportIds: readonly string[]): void {
    for (const transportId of transportIds) {
      setTimeout(() => {
        // One that the server has closed itself is as good as given back.
        this.#signalling.request('closeTransport', { transportId }).catch(() => undefined);
      }, swapMs);
    }
  }

  #forget(made: Made): void {
    if (this.#made.get(made.name) === made) this.#made.delete(made.name);
    if (made.name === made.direction) this.#given.delete(made.direction);
  }

  /** Its device, where a router speaks what this one does. Every router of a cluster should. */
  #deviceFor({ rtpCapabilities }: PlaceParameters): Promise<Device> | undefined {
    return JSON.stringify(rtpCapabilities) === JSON.stringify(this.#parameters.rtpCapabilities)
      ? this.#device
      : undefined;
  }
}

async function loadDevice({ rtpCapabilities, handlerFactory }: PlaceParameters): Promise<Device> {
  try {
    const device = await Device.factory(handlerFactory ? { handlerFactory } : {});
    await device.load({ routerRtpCapabilities: toLocalCapabilities(rtpCapabilities) });
    return device;
  } catch (error) {
    throw SluiceClientError.from(error, 'unsupported');
  }
}
