import type { Clock, Owner, PeerId, ProducerId, RoomId, Speaker, Timer } from '@sluice/shared';
import { loudestOf, sameSpeakers } from '@sluice/shared';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { Notices } from './notices.ts';

/**
 * When an unchanged list is told again, in ms, so that a lost notice and a gateway that comes into the room are put right.
 * Longer leaves them with a wrong picture for longer; shorter costs a message to each gateway.
 */
const repeatMs = 3000;

export interface SpeakersOptions {
  clock: Clock;
  /** Whose producer it is; undefined where it is not a peer's of this node any more. */
  peerOf(producerId: string): PeerId | undefined;
  tell(speakers: readonly Speaker[]): void;
}

/**
 * Who speaks among the peers of a slice. Each router hears its own peers' producers and no copies from elsewhere, so each
 * node tells of its own peers, whether their sound is consumed anywhere or not. Told is a change: another set of speakers,
 * or another loudest one.
 */
export class Speakers {
  readonly #options: SpeakersOptions;
  readonly #byRouter = new Map<SliceRouter, readonly Speaker[]>();
  #told: readonly Speaker[] = [];
  #repeat: Timer | undefined;

  constructor(options: SpeakersOptions) {
    this.#options = options;
  }

  /** The loudest of a router, as its observer has them. */
  heard(router: SliceRouter, loud: readonly { producerId: string; volume: number }[]): void {
    const speakers = loud.flatMap(({ producerId, volume }) => {
      const peerId = this.#options.peerOf(producerId);
      return peerId === undefined ? [] : [{ peerId, volume }];
    });
    if (speakers.length > 0) this.#byRouter.set(router, speakers);
    else this.#byRouter.delete(router);
    this.#tellChange();
  }

  /** The router is gone, and its observer with it. */
  routerLost(router: SliceRouter): void {
    if (this.#byRouter.delete(router)) this.#tellChange();
  }

  close(): void {
    this.#repeat?.cancel();
  }

  #tellChange(): void {
    const speakers = loudestOf(this.#byRouter.values());
    if (!sameSpeakers(speakers, this.#told)) this.#tell(speakers);
  }

  /** Silence is repeated once, speakers for as long as they speak. */
  #tell(speakers: readonly Speaker[], last = false): void {
    this.#repeat?.cancel();
    this.#repeat = undefined;
    this.#told = speakers;
    this.#options.tell(speakers);
    if (last) return;
    this.#repeat = this.#options.clock.setTimer(() => {
      const now = loudestOf(this.#byRouter.values());
      this.#tell(now, now.length === 0);
    }, repeatMs);
  }
}

/** The slice, as far as speakers are looked up in it. */
export interface SpeakersSlice {
  readonly room: RoomId;
  readonly owner: Owner;
  readonly feed: { readonly view: { readonly whereabouts: { gateways(): Iterable<string> } } };
  readonly producers: { get(producerId: ProducerId): { peer: { id: PeerId } } | undefined };
}

/** Told is each gateway that has a peer in the room, whatever node that peer's media is on: one notice each. */
export function createSpeakers(slice: SpeakersSlice, { clock, notices }: { clock: Clock; notices: Notices }): Speakers {
  const { room, owner, feed } = slice;
  return new Speakers({
    clock,
    peerOf: (producerId) => slice.producers.get(producerId as ProducerId)?.peer.id,
    tell: (speakers) => {
      notices.tellSpeakers(feed.view.whereabouts.gateways(), { room, boot: owner.boot, speakers });
    },
  });
}
