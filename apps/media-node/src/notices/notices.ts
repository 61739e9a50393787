import type { Clock, Endpoint, PeerId, PeerNotice, PeerRecord, RoomId, SpeakersNotice } from '@sluice/shared';
import type { ClientPeerEvent } from '@sluice/shared/protocol';

/** A peer, as far as it is told something. */
export interface Addressee {
  readonly id: PeerId;
  readonly record: Pick<PeerRecord, 'gateway' | 'sessionId'>;
  readonly consumers: { has(consumerId: string): boolean };
}

/** What tells how well a consumer does. Only the newest of each kind says something. */
export type QualityEvent = Extract<ClientPeerEvent, { type: 'scoreChanged' | 'layersChanged' }>;

/**
 * How long scores and layers are gathered before they are told, in ms. Longer sends fewer messages; shorter tells sooner,
 * of what nobody waits for.
 */
const gatherMs = 100;

/** Tells gateways what concerns the peers of this node. */
export class Notices {
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  /** Quality events to be told, by their consumer and type. */
  readonly #gathered = new Map<string, { room: RoomId; peer: Addressee; event: QualityEvent }>();

  constructor(options: { endpoint: Endpoint; clock: Clock }) {
    this.#endpoint = options.endpoint;
    this.#clock = options.clock;
  }

  tell(room: RoomId, peer: Addressee, event: PeerNotice['event']): void {
    const { gateway, sessionId } = peer.record;
    const notice: PeerNotice = { room, sessions: [{ peerId: peer.id, sessionId }], event };
    this.#endpoint.notify(gateway, 'peerEvent', notice);
  }

  /** With all others of the next moment: of hundreds of viewers, each has new scores each second. */
  tellSoon(room: RoomId, peer: Addressee, event: QualityEvent): void {
    if (this.#gathered.size === 0) this.#clock.setTimer(() => this.#tellGathered(), gatherMs);
    this.#gathered.set(`${event.consumerId} ${event.type}`, { room, peer, event });
  }

  tellSpeakers(gateways: Iterable<string>, notice: SpeakersNotice): void {
    for (const gateway of gateways) this.#endpoint.notify(gateway, 'speakers', notice);
  }

  #tellGathered(): void {
    const gathered = [...this.#gathered.values()];
    this.#gathered.clear();
    for (const { room, peer, event } of gathered) {
      if (peer.consumers.has(event.consumerId)) this.tell(room, peer, event);
    }
  }
}
