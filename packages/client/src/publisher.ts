import type { Json } from '@sluice/shared/protocol';
import type { types } from 'mediasoup-client';
import type { Connection } from './connection.ts';
import { encodingsFor, singleEncoding } from './encodings.ts';
import { SluiceClientError } from './errors.ts';
import type { MediaPlace } from './media-place.ts';
import { Publication, type PublicationEnd } from './publication.ts';

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
const screenBitrate = 2_500_000;
const singleBitrate = 1_500_000;
const unknownSize = { width: 640, height: 480 };

/** Puts tracks into the room by way of one place, and remembers them all. */
export class Publisher {
  readonly #connection: Connection;
  readonly #place: MediaPlace;
  readonly #publications = new Map<string, Publication>();

  constructor(connection: Connection, place: MediaPlace) {
    this.#connection = connection;
    this.#place = place;
  }

  get publications(): ReadonlyMap<string, Publication> {
    return this.#publications;
  }

  async publish(track: MediaStreamTrack, options: PublishOptions): Promise<Publication> {
    const { source, metadata } = options;
    const transport = await this.#place.transport('send');
    const producer = await produce(transport, track, options, {
      ...(source !== undefined && { source }),
      ...(metadata !== undefined && { metadata }),
      paused: !track.enabled,
    });
    const publication = new Publication(this.#connection, producer, track, source);
    this.#publications.set(publication.producerId, publication);
    publication.on('closed', () => this.#publications.delete(publication.producerId));
    return publication;
  }

  closeAll(reason: PublicationEnd): void {
    for (const publication of this.#publications.values()) publication.ended(reason);
  }
}

async function produce(
  transport: types.Transport,
  track: MediaStreamTrack,
  options: PublishOptions,
  announced: types.AppData,
): Promise<types.Producer> {
  try {
    return await transport.produce({
      track,
      ...(options.codec && { codec: options.codec }),
      ...(track.kind === 'video' && { encodings: options.encodings ?? defaultEncodings(track, options) }),
      codecOptions: { ...defaultCodecOptions(track), ...options.codecOptions },
      // The track is the caller's: the default would end it with the producer, and even when the server refuses it.
      stopTracks: false,
      disableTrackOnPause: false,
      appData: announced,
    });
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
