import { EventEmitter } from 'node:events';
import { Connection } from '@sluice/client';
import type { MediaPlace } from '../../../../packages/client/src/media/media-place.ts';
import { fakeSockets } from './fake-socket.ts';

/** A consumer as far as a subscription uses one. */
class FakeConsumer extends EventEmitter {
  readonly track: { of: string };
  closed = false;

  constructor(id: string) {
    super();
    this.track = { of: id };
  }

  close(): void {
    this.closed = true;
  }
}

/** A producer as far as a publication uses one. */
export class FakeProducer extends EventEmitter {
  readonly id: string;
  readonly kind: string;
  readonly track: MediaStreamTrack;
  /** What was sent, and null for nothing, in order. */
  readonly sent: (MediaStreamTrack | null)[] = [];
  readonly rtpSender = { replaceTrack: async (track: MediaStreamTrack | null) => void this.sent.push(track) };
  closed = false;

  constructor(id: string, track: MediaStreamTrack) {
    super();
    this.id = id;
    this.kind = track.kind;
    this.track = track;
  }

  close(): void {
    this.closed = true;
  }
}

/** A receiving transport whose consumers are there when the test says so. */
export class FakeTransport extends EventEmitter {
  readonly id = 'recv-1';
  readonly observer = new EventEmitter();
  readonly consumers = new Map<string, FakeConsumer>();
  readonly asked: { id: string; streamId?: string }[] = [];
  readonly #gate = Promise.withResolvers<void>();

  async consume(options: { id: string; streamId?: string }): Promise<FakeConsumer> {
    this.asked.push(options);
    await this.#gate.promise;
    const consumer = new FakeConsumer(options.id);
    this.consumers.set(options.id, consumer);
    return consumer;
  }

  build(): void {
    this.#gate.resolve();
  }
}

interface Produced {
  track: MediaStreamTrack;
  codecOptions: Record<string, unknown>;
  stopTracks: boolean;
  appData: Record<string, unknown>;
  onRtpSender?: (sender: FakeProducer['rtpSender']) => void;
}

/** A place whose transports are there at once; what is produced is answered with ids of its own. */
export class FakePlace {
  readonly produced: Produced[] = [];
  readonly producers: FakeProducer[] = [];
  readonly recv = new FakeTransport();
  readonly name: string;
  readonly emitter = new EventEmitter();
  refusal: Error | undefined;
  closed = false;
  checks = 0;
  watched = true;
  outgoing: number | undefined;

  constructor(name: string) {
    this.name = name;
    this.recv.build();
  }

  on(type: string, listener: (value: unknown) => void): () => void {
    this.emitter.on(type, listener);
    return () => this.emitter.off(type, listener);
  }

  async outgoingBitrate(): Promise<number | undefined> {
    return this.outgoing;
  }

  async device(): Promise<object> {
    return { recvRtpCapabilities: { codecs: [], headerExtensions: [] } };
  }

  async transport(direction: string): Promise<unknown> {
    return direction === 'recv' ? this.recv : { produce: (options: Produced) => this.#produce(options) };
  }

  transportClosed(): void {
    // Its end is the tests' to bring about.
  }

  check(): void {
    this.checks++;
  }

  unwatch(): void {
    this.watched = false;
  }

  watchAgain(): void {
    this.watched = true;
  }

  connected(): boolean {
    return true;
  }

  giveBack(): void {}

  leave(): void {
    this.close();
  }

  triedWays(): object[] {
    return [];
  }

  close(): void {
    this.closed = true;
    for (const producer of this.producers) {
      producer.closed = true;
      producer.emit('transportclose');
    }
    for (const consumer of this.recv.consumers.values()) {
      consumer.closed = true;
      consumer.emit('transportclose');
    }
  }

  async #produce(options: Produced): Promise<FakeProducer> {
    this.produced.push(options);
    if (this.refusal) throw this.refusal;
    const producer = new FakeProducer(`${this.name}-${options.track.kind}`, options.track);
    options.onRtpSender?.(producer.rtpSender);
    this.producers.push(producer);
    return producer;
  }

  /** As the client's own classes take it. */
  get place(): MediaPlace {
    return this as unknown as MediaPlace;
  }
}

export async function fakePlace() {
  const { made, WebSocket } = fakeSockets();
  const connection = await Connection.open('ws://gateway/ws', { WebSocket });
  const transport = new FakeTransport();
  const place = {
    transport: async () => transport,
    device: async () => ({ recvRtpCapabilities: { codecs: [], headerExtensions: [] } }),
  } as unknown as MediaPlace;
  return { connection, socket: made[0]!, transport, place };
}
