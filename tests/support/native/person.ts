import { joinRoom, type JoinOptions, type Room, type RoomEnd, type Subscription } from '@sluice/client';
import { nativeHandlersOver } from './handler.ts';
import type { Network } from './network.ts';
import { Reception } from './reception.ts';
import type { Kind } from './rtp.ts';
import { type ReceivedTrack, SourceTrack } from './tracks.ts';

export interface PersonOptions extends Pick<JoinOptions, 'url' | 'room' | 'node' | 'resumeWindowMs' | 'deadlineMs'> {
  name: string;
  /** The tracks that it publishes. Default: a microphone and a camera. */
  publishes?: readonly Kind[];
  /** The network for its media, where that may be cut. */
  network?: Network;
}

export interface Received {
  from: string;
  payload: unknown;
}

/** A person in a room, with the client that browsers use and WebRTC of the native library. */
export class Person {
  readonly name: string;
  readonly publishes: Kind[] = [];
  readonly room: Room;
  /** What comes from others, by `peerId/kind`. */
  readonly receptions = new Map<string, Reception>();
  readonly messages: Received[] = [];
  readonly errors: string[] = [];
  /** How long each loss of the connection lasted, in ms. */
  readonly downtimesMs: number[] = [];
  end: RoomEnd | undefined;
  readonly #sources: SourceTrack[] = [];

  private constructor(name: string, room: Room) {
    this.name = name;
    this.room = room;
    room.on('subscribed', (subscription) => this.#listen(subscription));
    room.on('message', ({ from, payload }) => this.messages.push({ from, payload }));
    room.on('error', ({ code, message }) => this.errors.push(`${code}: ${message}`));
    room.on('reconnected', ({ downtimeMs }) => this.downtimesMs.push(downtimeMs));
    room.on('closed', (end) => {
      this.end = end;
      this.#stop();
    });
  }

  static async join({ publishes = ['audio', 'video'], network, ...options }: PersonOptions): Promise<Person> {
    const room = await joinRoom({ ...options, handlerFactory: nativeHandlersOver(network) });
    const person = new Person(options.name, room);
    try {
      await Promise.all(publishes.map((kind) => person.publish(kind)));
      return person;
    } catch (error) {
      await person.leave();
      throw error;
    }
  }

  get peerId(): string {
    return this.room.peerId;
  }

  /** The media received of another person; undefined where it has not been subscribed to. */
  from(other: Person, kind: Kind): Reception | undefined {
    return this.receptions.get(`${other.peerId}/${kind}`);
  }

  async publish(kind: Kind): Promise<void> {
    this.publishes.push(kind);
    const track = new SourceTrack(kind);
    this.#sources.push(track);
    await this.room.publish(track.asMediaStreamTrack, { source: kind === 'audio' ? 'microphone' : 'camera' });
  }

  async leave(): Promise<void> {
    this.#stop();
    await this.room.leave();
  }

  #listen(subscription: Subscription): void {
    const key = `${subscription.peerId}/${subscription.kind}`;
    const reception = this.receptions.get(key) ?? new Reception(subscription.kind);
    this.receptions.set(key, reception);
    let offs = [received(subscription.track).onNumber((number) => reception.take(number))];
    subscription.on('trackChanged', ({ track, previous }) => {
      // A browser plays the jitter buffer of the previous track while the new one begins.
      offs.push(received(track).onNumber((number) => reception.take(number)));
      void previous;
      offs = offs.slice(-2);
    });
  }

  #stop(): void {
    for (const track of this.#sources.splice(0)) track.stop();
  }
}

const received = (track: MediaStreamTrack): ReceivedTrack => track as unknown as ReceivedTrack;
