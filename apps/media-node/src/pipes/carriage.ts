import type { ProducerId, Timer } from '@sluice/shared';
import type { MediaPath } from '@sluice/shared/protocol';
import type { LinkEnd, Taken } from './link-end.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';

/** A producer that was carried into a router of this slice, for as long as it has users there. */
export class Carriage {
  readonly producerId: ProducerId;
  readonly router: SliceRouter;
  readonly end: LinkEnd;
  readonly taken: Taken;
  /** Where it was carried from within this node, if it came here over another of our routers. */
  readonly upstream: Carriage | undefined;
  /** It came from another node than the one it lives on. */
  readonly relayed: boolean;
  users = 0;
  opened = false;
  idle: Timer | undefined;

  constructor(options: {
    producerId: ProducerId;
    router: SliceRouter;
    end: LinkEnd;
    taken: Taken;
    upstream?: Carriage;
    relayed: boolean;
  }) {
    this.producerId = options.producerId;
    this.router = options.router;
    this.end = options.end;
    this.taken = options.taken;
    this.upstream = options.upstream;
    this.relayed = options.relayed;
  }

  /** `node` if any part of the way leads between nodes. */
  get path(): MediaPath {
    return this.end.scope === 'node' || this.upstream ? 'node' : 'worker';
  }
}
