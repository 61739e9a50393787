import type { Owner, ProducerId, ProducerRecord } from '@sluice/shared';
import { RoomFeed } from '@sluice/shared';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { Demand } from '../pipes/demand.ts';
import { Links } from '../pipes/links.ts';
import { Pipes } from '../pipes/pipes.ts';
import type { OwnProducers } from './own-producers.ts';
import type { SliceOptions } from './slice-options.ts';
import { SliceWriter } from './slice-writer.ts';

/** The slice, as far as its parts reach back into it. */
interface Whole {
  readonly owner: Owner;
  readonly feed: RoomFeed;
  readonly links: Links;
  readonly producers: OwnProducers;
  readonly demand: Demand;
  recordOf(producerId: ProducerId): ProducerRecord | undefined;
}

export function createFeed<Slice>(slice: Slice, options: SliceOptions<Slice>): RoomFeed {
  const { room, clock, directory, log, metrics, settling, events } = options;
  return new RoomFeed({
    room,
    directory,
    log,
    settling,
    onEvent: (event, position) => events.followed(slice, event, position),
    onLost: () => void events.lost(slice),
    now: () => clock.now(),
    onRepair: (kind) => metrics.repairs.inc({ kind }),
    onGarbage: () => events.garbage(),
  });
}

export function createWriter<Slice extends Whole>(slice: Slice, options: SliceOptions<Slice>): SliceWriter {
  const { room, directory, metrics, events } = options;
  return new SliceWriter({
    write: (changes) => directory.commit(room, slice.owner, changes, { heard: slice.feed.position }),
    onLost: () => events.lost(slice),
    onFenced: () => {
      metrics.fencedWrites.inc();
      events.fenced(slice);
    },
  });
}

export function createLinks<Slice extends Whole>(
  slice: Slice,
  { room, endpoint, clock, listen, ports }: SliceOptions<Slice>,
  routerById: (id: string) => SliceRouter | undefined,
): Links {
  const kindOf = (producerId: ProducerId) => slice.recordOf(producerId)?.kind;
  return new Links({ room, endpoint, clock, listen, ports, routerById, kindOf });
}

export function createPipes<Slice extends Whole>(slice: Slice, options: SliceOptions<Slice>): Pipes {
  const { clock, log, metrics, config, sourceOf } = options;
  return new Pipes({
    links: slice.links,
    clock,
    log,
    metrics,
    idleMs: config.pipeIdleMs,
    ownRouterOf: (producerId) => slice.producers.get(producerId)?.peer.router,
    recordOf: (producerId) => slice.recordOf(producerId),
    sourceOf: (record) => sourceOf(slice, record),
    onGone: (producerId) => slice.demand.forget(producerId),
  });
}
