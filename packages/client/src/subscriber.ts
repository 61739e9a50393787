import type { ConsumerInfo, ConsumerLayers } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Connection } from './connection.ts';
import { type ClientErrorCode, SluiceClientError } from './errors.ts';
import type { MediaPlace } from './media-place.ts';
import { resumeAll } from './resume-all.ts';
import { Subscription } from './subscription.ts';
import { toLocalRtpParameters, toWireCapabilities } from './wire.ts';

interface Wanted {
  source: string | undefined;
  resolve: (subscription: Subscription) => void;
  reject: (error: SluiceClientError) => void;
}

/** The server takes no more in one `consume`. */
const batchLimit = 256;
/** Refusals that asking again won't change; a pipe that could not be made, or a node too busy, will pass. */
const finalRefusals = new Set(['producerNotFound', 'cannotConsume', 'forbidden', 'limitExceeded', 'badRequest']);

/**
 * Gets tracks out of the room by way of one place. What is wanted in one tick goes out in one `consume`, comes back as
 * one set of consumers, is one offer and answer in the browser, and is resumed with one action.
 */
export class Subscriber {
  readonly #connection: Connection;
  readonly #place: MediaPlace;
  readonly #wanted = new Map<string, Wanted>();
  readonly #asked = new Map<string, Promise<Subscription>>();
  readonly #subscriptions = new Map<string, Subscription>();
  /** Consumers that the browser is still building; the value is why one has ended meanwhile. */
  readonly #building = new Map<string, string | undefined>();
  #capabilitiesKnown = false;

  constructor(connection: Connection, place: MediaPlace) {
    this.#connection = connection;
    this.#place = place;
  }

  /** By consumer id. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  /** The same promise while a producer is subscribed to. Rejects with the server's code for this producer. */
  subscribe(producerId: string, source: string | undefined): Promise<Subscription> {
    const known = this.#asked.get(producerId);
    if (known) return known;
    const { promise, resolve, reject } = Promise.withResolvers<Subscription>();
    this.#asked.set(producerId, promise);
    promise.then(
      (subscription) => subscription.on('closed', () => this.#asked.delete(producerId)),
      () => this.#asked.delete(producerId),
    );
    if (this.#wanted.size === 0) queueMicrotask(() => this.#flush());
    this.#wanted.set(producerId, { source, resolve, reject });
    return promise;
  }

  consumerClosed(consumerId: string, reason: string): void {
    if (this.#building.has(consumerId)) this.#building.set(consumerId, reason);
    this.#subscriptions.get(consumerId)?.ended(reason);
  }

  /** The room's word for it, in case the node's own about the consumer was lost. */
  producerClosed(producerId: string): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.producerId === producerId) subscription.ended('producerClosed');
    }
  }

  layersChanged(consumerId: string, layers: ConsumerLayers | null): void {
    this.#subscriptions.get(consumerId)?.layersChanged(layers);
  }

  scoreChanged(consumerId: string, score: number): void {
    this.#subscriptions.get(consumerId)?.scoreChanged(score);
  }

  closeAll(reason: string): void {
    for (const subscription of this.#subscriptions.values()) subscription.ended(reason);
  }

  #flush(): void {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (let start = 0; start < wanted.length; start += batchLimit) {
      const batch = new Map(wanted.slice(start, start + batchLimit));
      this.#consume(batch).catch((error: unknown) => {
        for (const { reject } of batch.values()) reject(SluiceClientError.from(error, 'mediaFailed'));
      });
    }
  }

  async #consume(batch: Map<string, Wanted>): Promise<void> {
    const transport = await this.#place.transport('recv');
    const { recvRtpCapabilities } = await this.#place.device();
    const { consumers, failed } = await this.#connection.request('consume', {
      producerIds: [...batch.keys()],
      transportId: transport.id,
      ...(!this.#capabilitiesKnown && { rtpCapabilities: toWireCapabilities(recvRtpCapabilities) }),
    });
    this.#capabilitiesKnown = true;
    for (const { producerId, code } of failed) batch.get(producerId)?.reject(refusal(code));
    const opened = await this.#build(transport, consumers, batch);
    for (const subscription of opened) batch.get(subscription.producerId)?.resolve(subscription);
    // Only now: the first key frame must find its receiver built.
    await resumeAll(this.#connection, opened);
  }

  async #build(transport: types.Transport, infos: ConsumerInfo[], batch: Map<string, Wanted>): Promise<Subscription[]> {
    for (const { id } of infos) this.#building.set(id, undefined);
    try {
      const consuming = infos.map(async (info) => ({ info, consumer: await consume(transport, info, batch) }));
      const built = await orClosed(transport, Promise.all(consuming));
      return built.map(({ info, consumer }) => this.#add(info, consumer, batch.get(info.producerId)?.source));
    } finally {
      for (const { id } of infos) {
        const ended = this.#building.get(id);
        this.#building.delete(id);
        if (ended !== undefined) this.#subscriptions.get(id)?.ended(ended);
      }
    }
  }

  #add(info: ConsumerInfo, consumer: types.Consumer, source: string | undefined): Subscription {
    const subscription = new Subscription(this.#connection, info, consumer, source);
    this.#subscriptions.set(info.id, subscription);
    subscription.on('closed', () => this.#subscriptions.delete(info.id));
    return subscription;
  }
}

function consume(transport: types.Transport, info: ConsumerInfo, batch: Map<string, Wanted>): Promise<types.Consumer> {
  const { id, producerId, kind } = info;
  const rtpParameters = toLocalRtpParameters(info.rtpParameters);
  const streamId = syncGroup(info.peerId, batch.get(producerId)?.source);
  return transport.consume({ id, producerId, kind, rtpParameters, streamId });
}

/**
 * Tracks with the same name here are played in step: a peer's camera with its microphone, its screen with that sound.
 * By default it would be the sender's CNAME, which changes when a peer moves. Letters that SDP forbids are replaced.
 */
function syncGroup(peerId: string, source: string | undefined): string {
  return `${peerId.replaceAll(/[:@]/g, '_')}${source?.startsWith('screen') ? '-screen' : ''}`;
}

/** mediasoup-client leaves a `consume` unsettled when its transport closes under it. */
function orClosed<T>(transport: types.Transport, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onClose = (): void => reject(new SluiceClientError('mediaFailed', 'The transport was closed.'));
  transport.observer.on('close', onClose);
  return Promise.race([work, promise]).finally(() => transport.observer.off('close', onClose));
}

function refusal(code: string): SluiceClientError {
  const options = { temporary: !finalRefusals.has(code) };
  return new SluiceClientError(code as ClientErrorCode, `The server refused this track (${code}).`, options);
}
