import type { Clock, Endpoint, ProducerId, RoomId } from '@sluice/shared';
import type { ProducerKind } from '@sluice/shared/protocol';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { LinkListen, LinkScope } from './link-end.ts';

/** Where a producer can be had: a router, and the node that it is on unless that is this one. */
export interface LinkSource {
  router: string;
  address: string | undefined;
}

/** What the other side said of a pair. */
export interface Swept {
  known: boolean;
  /** How many producers it had lost. */
  lost: number;
  /** Bytes of RTP that it sent. */
  sent: number;
}

export interface LinksOptions {
  room: RoomId;
  endpoint: Endpoint;
  clock: Clock;
  listen: Record<LinkScope, LinkListen>;
  /** Told when there is no UDP port for a pair, and when one is given back. */
  ports: { ranOut(): void; freed(): void };
  routerById(id: string): SliceRouter | undefined;
  kindOf(producerId: ProducerId): ProducerKind | undefined;
}
