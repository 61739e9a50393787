import type { RtpCapabilities, TransportParameters } from '@sluice/shared/protocol';
import { Device, type types } from 'mediasoup-client';
import { Emitter, type Off } from '../base/emitter.ts';
import { SluiceClientError } from '../base/errors.ts';
import { wireTransport } from './transport-wiring.ts';
import { toLocalCapabilities, toTransportOptions } from './wire.ts';
import type { Signalling } from '../line/signalling.ts';

type Direction = 'send' | 'recv';

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
  /** A transport could not be connected; it is closed, and all it carried. */
  failed: SluiceClientError;
}

/**
 * This peer's media at one router of the cluster: the device loaded with that router's capabilities, and the transports
 * to it, each made when first used. A move builds a second place beside this one; a room outlives both.
 */
export class MediaPlace {
  readonly #signalling: Signalling;
  readonly #parameters: Omit<PlaceParameters, 'before'>;
  /** The transports that came with the parameters. One that failed or was closed is no use a second time. */
  readonly #given: Map<Direction, TransportParameters>;
  readonly #emitter = new Emitter<PlaceEvents>();
  readonly #transports = new Map<string, Promise<types.Transport>>();
  #device: Promise<Device> | undefined;
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

  /** The transport for media, the same at each call. Rejects with the server's error, or with `closed`. */
  transport(direction: Direction): Promise<types.Transport> {
    return this.#once(direction, direction, () => this.#make(direction, this.#given.get(direction)));
  }

  /** The transport for data channels: the one for media where the server gave that SCTP, else one of its own. */
  dataTransport(direction: Direction): Promise<types.Transport> {
    if (this.#given.get(direction)?.sctpParameters) return this.transport(direction);
    return this.#once(`${direction} data`, undefined, () => this.#make(direction, undefined));
  }

  /** The browser's estimate of the way out, in bits per second, where something was sent. Never rejects. */
  async outgoingBitrate(): Promise<number | undefined> {
    try {
      const report = await (await this.#transports.get('send'))?.getStats();
      const pairs = [...((report?.values() ?? []) as Iterable<RTCIceCandidatePairStats>)];
      return pairs.find(({ type, nominated }) => type === 'candidate-pair' && nominated)?.availableOutgoingBitrate;
    } catch {
      return undefined;
    }
  }

  /** The server says that a transport of this place has ended: a browser would take six seconds to notice. */
  transportClosed(transportId: string): void {
    const closeIt = (transport: types.Transport): void => {
      if (transport.id === transportId) transport.close();
    };
    for (const made of this.#transports.values()) made.then(closeIt, () => undefined);
  }

  /** Closes the transports; what is being made closes when it is there. The tracks that were sent live on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closeIt = (transport: types.Transport): void => transport.close();
    // What failed to be made has told its caller.
    for (const made of this.#transports.values()) made.then(closeIt, () => undefined);
    this.#transports.clear();
    this.#emitter.clear();
  }

  #once(name: string, gives: Direction | undefined, make: () => Promise<types.Transport>): Promise<types.Transport> {
    const known = this.#transports.get(name);
    if (known) return known;
    const made = make();
    this.#transports.set(name, made);
    const forget = (): void => {
      this.#transports.delete(name);
      if (gives) this.#given.delete(gives);
    };
    // A refusal is the caller's to handle; what failed is not remembered as made.
    made.then((transport) => transport.observer.on('close', forget), forget);
    return made;
  }

  async #make(direction: Direction, given: TransportParameters | undefined): Promise<types.Transport> {
    const [device, parameters] = await Promise.all([this.device(), given ?? this.#ask(direction)]);
    if (this.#closed) throw new SluiceClientError('closed', 'The room was left.');
    const options = { ...toTransportOptions(parameters), iceServers: this.#parameters.iceServers };
    const transport = direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
    wireTransport(this.#signalling, transport, (cause) => this.#fail(transport, cause));
    return transport;
  }

  async #ask(direction: Direction): Promise<TransportParameters> {
    const reply = await this.#signalling.request('createWebRtcTransport', { direction, sctp: true });
    return 'producerTransport' in reply ? reply.producerTransport : reply.consumerTransport;
  }

  /** Its device, where a router speaks what this one does. Every router of a cluster should. */
  #deviceFor({ rtpCapabilities }: PlaceParameters): Promise<Device> | undefined {
    return JSON.stringify(rtpCapabilities) === JSON.stringify(this.#parameters.rtpCapabilities)
      ? this.#device
      : undefined;
  }

  #fail(transport: types.Transport, cause: unknown): void {
    if (this.#closed) return;
    transport.close();
    this.#emitter.emit('failed', SluiceClientError.from(cause, 'mediaFailed'));
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
