import type {
  CarriedConsumer,
  Clock,
  Directory,
  Endpoint,
  Logger,
  Owner,
  Position,
  ProducerRecord,
  RoomEvent,
  RoomId,
} from '@sluice/shared';
import type { NodeConfig } from '../config.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { WorkerPool } from '../mediasoup/worker-pool.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { LinkListen, LinkScope } from '../pipes/link-end.ts';
import type { PipePorts } from '../pipes/pipe-ports.ts';
import type { Source } from '../pipes/pipes.ts';
import type { Notices } from '../notices/notices.ts';
import type { Peer } from './peer.ts';

/** What happens to a slice. It says so and changes nothing by itself; the rooms above decide what follows. */
export interface SliceEvents<Slice> {
  /** The room's channel, or its stream after a gap, has told of an event; the view has taken it in. */
  followed(slice: Slice, event: RoomEvent, position: Position): void;
  /** The slice lost its claim: another process fenced this boot in the room. */
  fenced(slice: Slice): void;
  /** The directory has lost the room: resolves when it has been told what is here, or can't be. Never rejects. */
  lost(slice: Slice): Promise<void>;
  /** A worker died, and this router of the slice with it. */
  routerLost(slice: Slice, router: SliceRouter): void;
  /** A consumer of a peer here went with its pipe. */
  consumerLost(slice: Slice, peer: Peer, carried: CarriedConsumer): void;
  /** Something came on the room's channel that is not a batch of events. */
  garbage(): void;
}

export interface SliceOptions<Slice> {
  room: RoomId;
  owner: Owner;
  config: NodeConfig;
  clock: Clock;
  log: Logger;
  metrics: NodeMetrics;
  directory: Directory;
  endpoint: Endpoint;
  pool: WorkerPool;
  listen: Record<LinkScope, LinkListen>;
  ports: PipePorts;
  notices: Notices;
  events: SliceEvents<Slice>;
  /** Where another node's producer is to be fetched. */
  sourceOf: (slice: Slice, record: ProducerRecord) => Promise<Source>;
  /** Whether the directory may not know everything yet. */
  settling: () => boolean;
}
