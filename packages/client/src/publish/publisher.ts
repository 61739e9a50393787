import type { Json } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import * as ortc from 'mediasoup-client/ortc';
import { unlessRefused } from '../media/transport-wiring.ts';
import { encodingsFor, singleEncoding } from './encodings.ts';
import { SluiceClientError } from '../base/errors.ts';
import { byTransport } from '../media/by-transport.ts';
import type { MediaPlace, MoveManner } from '../media/media-place.ts';
import { Publication, type PublicationEnd } from './publication.ts';
import type { Signalling } from '../line/signalling.ts';

export interface PublishOptions {
  /** `camera`, `microphone`, `screen`, `screenAudio`, or a word of the application's own, of at most 32 characters. */
  source?: string;
  /** Any JSON of at most 4,096 bytes. */
  metadata?: Json;
  /** Default true: several sizes at once, chosen by the size of the source. Screens are sent in one. */
  simulcast?: boolean;
  /** Instead of what `simulcast` would choose. */
  encodings?: types.RtpEncodingParameters[];
  codec?: types.RtpCodecCapability;
  codecOptions?: types.ProducerCodecOptions;
}

/** kbit/s at which the bandwidth estimate starts. libwebrtc's own 300 shows half the size for the first eight seconds. */
const startBitrateKbps = 1000;
/** An estimate of a moment's trouble, or of an idle sender, should not rule the first seconds elsewhere. */
const leastStartKbps = 300;
const mostStartKbps = 3000;
/** After a loss every millisecond counts: better the default than to wait. */
const statsLimitMs = 30;
const screenBitrate = 2_500_000;
const singleBitrate = 1_500_000;
const unknownSize = { width: 640, height: 480 };

/** Puts tracks into the room by way of one place at a time, and remembers them all. */
export class Publisher {
  readonly #signalling: Signalling;
  readonly #published = new Map<Publication, PublishOptions>();
  #place: MediaPlace;

  constructor(signalling: Signalling, place: MediaPlace) {
    this.#signalling = signalling;
    this.#place = place;
  }

  /** By producer id. */
  get publications(): ReadonlyMap<string, Publication> {
    return new Map([...this.#published.keys()].map((publication) => [publication.producerId, publication]));
  }

  async publish(track: MediaStreamTrack, options: PublishOptions): Promise<Publication> {
    const place = this.#place;
    try {
      return await this.#publish(place, track, options);
    } catch (error) {
      // Asked of a place that was left meanwhile.
      if (place === this.#place) throw error;
      return this.#publish(this.#place, track, options);
    }
  }

  /** Produces what was lost with its transport again, by the next one. What can't be, ends. */
  async renew(place: MediaPlace): Promise<void> {
    const lost = [...this.#published.keys()].filter(({ stands }) => !stands).toSorted(videoFirst);
    if (place === this.#place) await Promise.all(lost.map((publication) => this.#moveOrEnd(publication)));
  }

  /** Produces everything again at another place. What is paused stays so. */
  async move(place: MediaPlace, { lost }: MoveManner): Promise<void> {
    const startKbps = uplinkKbps(this.#place, lost);
    this.#place = place;
    const all = [...this.#published.keys()].toSorted(videoFirst);
    await Promise.all(all.map((publication) => this.#moveOrEnd(publication, startKbps)));
  }

  /** Back to a place that stands, after a move to another has failed. */
  moveBack(place: MediaPlace): void {
    this.#place = place;
  }

  closeAll(reason: PublicationEnd): void {
    for (const publication of this.#published.keys()) publication.ended(reason);
  }

  async #publish(place: MediaPlace, track: MediaStreamTrack, options: PublishOptions): Promise<Publication> {
    await assertSendable(place, options);
    const first = await byTransport(place, { direction: 'send' }, async (transport) => {
      const fields = announced(track, options);
      return { producer: await produce(transport, track, options, fields), paused: fields.paused };
    });
    const { producer } = first;
    const publication = new Publication(this.#signalling, first, track, options.source);
    this.#published.set(publication, options);
    publication.on('closed', () => this.#published.delete(publication));
    if (place === this.#place && !producer.closed) return publication;
    try {
      await this.#move(publication);
      return publication;
    } catch (error) {
      publication.ended('mediaFailed');
      throw error;
    }
  }

  /** A refusal that asking again won't change ends this one, and keeps none of the others back. */
  async #moveOrEnd(publication: Publication, startKbps?: Promise<number>): Promise<void> {
    const place = this.#place;
    try {
      await this.#move(publication, startKbps);
    } catch (thrown) {
      const error = SluiceClientError.from(thrown, 'mediaFailed');
      if (error.temporary || place !== this.#place) throw error;
      publication.ended('mediaFailed');
    }
  }

  #move(publication: Publication, knownKbps = Promise.resolve(startBitrateKbps)): Promise<void> {
    const place = this.#place;
    return publication.move(async ({ track, paused, producerId }) => {
      if (place !== this.#place) throw new SluiceClientError('closed', 'Another move has overtaken this one.');
      const given = this.#published.get(publication) ?? {};
      // A refused transport says nothing of this track: it may be had later.
      const transportMade = place.transport('send').catch((error: unknown) => {
        throw SluiceClientError.from(error, 'mediaFailed').asTemporary();
      });
      const [startKbps] = await Promise.all([knownKbps, transportMade]);
      const codecOptions = { videoGoogleStartBitrate: startKbps, ...given.codecOptions };
      const options = { ...given, ...(track.kind === 'video' && { codecOptions }) };
      const fields = { ...announced(track, options), paused, replaces: producerId };
      const produceIt = track.kind === 'video' ? produceHeld : produce;
      const again = (transport: types.Transport) => produceIt(transport, track, options, fields);
      return { producer: await byTransport(place, { direction: 'send' }, again), paused };
    });
  }
}

/**
 * Refused before anything is begun: mediasoup-client finds out when the browser has the track in its next offer, and leaves
 * it there, which breaks the transport for all that comes after.
 */
async function assertSendable(place: MediaPlace, { codec }: PublishOptions): Promise<void> {
  if (!codec) return;
  const { sendRtpCapabilities } = await place.device();
  try {
    // It looks at names and parameters alone, not at payload types.
    const codecs = sendRtpCapabilities.codecs as types.RtpCodecParameters[] | undefined;
    ortc.reduceCodecs(codecs ?? [], complete(codec));
  } catch (cause) {
    const message = `This browser and this cluster cannot send ${codec.mimeType}.`;
    throw new SluiceClientError('mediaFailed', message, { temporary: false, cause });
  }
}

/** mediasoup-client looks into the parameters, whether there are any or not. */
const complete = (codec: types.RtpCodecCapability): types.RtpCodecCapability => ({ parameters: {}, ...codec });

function announced(track: MediaStreamTrack, { source, metadata }: PublishOptions) {
  return {
    ...(source !== undefined && { source }),
    ...(metadata !== undefined && { metadata }),
    paused: !track.enabled,
  };
}

/** What the way out was last thought to carry. A place that is gone is asked too: its browser end still knows. */
async function uplinkKbps(place: MediaPlace, lost: boolean): Promise<number> {
  const bitsPerSecond = await Promise.race([place.outgoingBitrate(), lost ? pause(statsLimitMs) : never]);
  if (bitsPerSecond === undefined) return startBitrateKbps;
  return Math.min(mostStartKbps, Math.max(leastStartKbps, Math.round(bitsPerSecond / 1000)));
}

/** A picture is missed more than a sound, and they are produced one after another. */
const videoFirst = (one: Publication, other: Publication): number => other.kind.localeCompare(one.kind);

const never = new Promise<undefined>(() => undefined);
const pause = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, ms, undefined));

/**
 * Sends nothing before the node knows the producer. What comes sooner is lost there, the first key frame with it; the
 * node asks for another, and a browser answers no more for 300 ms: viewers that are ready then would wait for so long.
 */
async function produceHeld(...[transport, track, options, appData]: Parameters<typeof produce>) {
  const hold = (sender: RTCRtpSender): void => {
    // One whose transport has closed sends nothing anyway.
    sender.replaceTrack(null).catch(() => undefined);
  };
  const producer = await produce(transport, track, options, appData, hold);
  await producer.rtpSender?.replaceTrack(track);
  return producer;
}

async function produce(
  transport: types.Transport,
  track: MediaStreamTrack,
  options: PublishOptions,
  appData: types.AppData,
  onRtpSender?: types.OnRtpSenderCallback,
): Promise<types.Producer> {
  try {
    const producer = await transport.produce({
      track,
      ...(options.codec && { codec: complete(options.codec) }),
      ...(track.kind === 'video' && { encodings: options.encodings ?? defaultEncodings(track, options) }),
      codecOptions: { ...defaultCodecOptions(track), ...options.codecOptions },
      // The track is the caller's: the default would end it with the producer, and even when the server refuses it.
      stopTracks: false,
      disableTrackOnPause: false,
      ...(onRtpSender && { onRtpSender }),
      appData,
    });
    return unlessRefused(producer);
  } catch (error) {
    throw SluiceClientError.from(error, 'mediaFailed');
  }
}

function defaultEncodings(track: MediaStreamTrack, { source, simulcast = true }: PublishOptions) {
  if (source === 'screen') return singleEncoding(screenBitrate);
  if (!simulcast) return singleEncoding(singleBitrate);
  const { width = unknownSize.width, height = unknownSize.height } = track.getSettings();
  return encodingsFor(width, height);
}

function defaultCodecOptions(track: MediaStreamTrack): types.ProducerCodecOptions {
  if (track.kind === 'video') return { videoGoogleStartBitrate: startBitrateKbps };
  return { opusDtx: true, opusFec: true };
}
