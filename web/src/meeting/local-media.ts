import type { Publication, Room } from '@sluice/client';
import { mediaDevices } from '../parts/dom.ts';
import type { Device } from '../parts/sentences.ts';

export interface LocalMediaOptions {
  size: { width: number; height: number };
  simulcast: boolean;
  onPublished: (publication: Publication) => void;
  /** Something was switched on or off, or ended by itself. */
  onChanged: () => void;
}

/**
 * One's own devices in a room. The microphone is muted and kept, so that speaking again costs nothing; a camera that is
 * off is let go, so that its light goes out.
 */
export class LocalMedia {
  readonly #room: Room;
  readonly #options: LocalMediaOptions;
  readonly #published = new Map<Device, Publication>();
  readonly #extra = new Set<Publication>();

  constructor(room: Room, options: LocalMediaOptions) {
    this.#room = room;
    this.#options = options;
  }

  isOn(device: Device): boolean {
    return this.#published.get(device)?.paused === false;
  }

  /** Rejects with the browser's DOMException, or with a SluiceClientError. */
  async toggle(device: Device): Promise<void> {
    const publication = this.#published.get(device);
    if (device === 'microphone' && publication) await (publication.paused ? publication.resume() : publication.pause());
    else if (publication) await this.#stop(publication);
    else await this.#start(device);
    this.#options.onChanged();
  }

  stopAll(): void {
    for (const track of this.tracks().values()) track.stop();
  }

  /** What is on, or muted, by source. */
  tracks(): Map<string, MediaStreamTrack> {
    const all = [...this.#published.values(), ...this.#extra];
    return new Map(all.map(({ source = '', track }) => [source, track]));
  }

  /** Publishes what was published in the room before this one. */
  async takeOver(tracks: ReadonlyMap<string, MediaStreamTrack>): Promise<void> {
    for (const [source, track] of tracks) {
      if (track.readyState === 'ended') continue;
      const publication = await this.#publish(track, source);
      if (source === 'screenAudio') this.#extra.add(publication);
      else this.#published.set(source as Device, publication);
      this.#options.onChanged();
    }
  }

  async #start(device: Device): Promise<void> {
    const [track, sound] = (await this.#open(device)).getTracks().toSorted(videoFirst);
    if (!track) return;
    this.#published.set(device, await this.#publish(track, device));
    if (sound) this.#extra.add(await this.#publish(sound, 'screenAudio'));
  }

  async #publish(track: MediaStreamTrack, source: string): Promise<Publication> {
    try {
      const publication = await this.#room.publish(track, { source, simulcast: this.#options.simulcast });
      // When the room ends, its tracks go on in the next one or are stopped: they stay known.
      publication.on('closed', (reason) => reason !== 'left' && this.#forget(publication));
      this.#options.onPublished(publication);
      return publication;
    } catch (error) {
      track.stop();
      throw error;
    }
  }

  async #stop(publication: Publication): Promise<void> {
    const sounds = publication.source === 'screen' ? [...this.#extra] : [];
    const all = [publication, ...sounds];
    for (const { track } of all) track.stop();
    await Promise.all(all.map((one) => one.close()));
  }

  #forget(publication: Publication): void {
    this.#extra.delete(publication);
    for (const [device, one] of this.#published) {
      if (one === publication) this.#published.delete(device);
    }
    this.#options.onChanged();
  }

  async #open(device: Device): Promise<MediaStream> {
    const available = mediaDevices();
    if (!available) throw new Error('This page may use no devices.');
    if (device === 'screen') return available.getDisplayMedia({ video: true, audio: true });
    if (device === 'microphone') return available.getUserMedia({ audio: true });
    const { width, height } = this.#options.size;
    return available.getUserMedia({ video: { width: { ideal: width }, height: { ideal: height } } });
  }
}

const videoFirst = (one: MediaStreamTrack, other: MediaStreamTrack): number => other.kind.localeCompare(one.kind);
