import type {
  CarriedConsumer,
  Clock,
  Directory,
  Endpoint,
  Logger,
  Owner,
  ProducerRecord,
  RoomId,
} from '@sluice/shared';
import type { PeerPlace } from '../viewing/consume.ts';
import type { NodeConfig } from '../config.ts';
import type { LinkListen, LinkScope } from '../pipes/link-end.ts';
import type { Source } from '../pipes/pipes.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import type { WorkerPool } from '../mediasoup/worker-pool.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Peer } from './peer.ts';
import type { Slice } from './slice.ts';

export interface SliceOptions {
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
  /** Where another node's producer is to be fetched. */
  sourceOf: (slice: Slice, record: ProducerRecord) => Promise<Source>;
  /** A consumer of a peer here went with its pipe. */
  onPipeLost: (place: PeerPlace, carried: CarriedConsumer) => void;
  /** Whether the directory may not know everything yet. */
  settling: () => boolean;
  /** Something came on the room's channel that is none of ours. */
  onGarbage: () => void;
  /** The slice lost its claim: whoever holds it lets it go. */
  onFenced: (slice: Slice) => void;
  /** The directory has lost the room: resolves when it has been told what is here, or can't be. Never rejects. */
  onLost: (slice: Slice) => Promise<void>;
  /** A peer's media was lost with its worker. */
  onRouterLost: (slice: Slice, router: SliceRouter) => void;
  /** The peer is in another node's hands now. */
  onPeerMoved: (slice: Slice, peer: Peer) => void;
  /** The room says that this peer is gone, or is another session's by now. */
  onPeerGone: (slice: Slice, peer: Peer, reason: string) => void;
}
