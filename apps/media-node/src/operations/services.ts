import type { Clock, Directory, Endpoint, Logger, Owner, Registry } from '@sluice/shared';
import type { NodeConfig } from '../config.ts';
import type { PipeWatch } from '../healing/pipe-watch.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Drain } from '../moving/drain.ts';
import type { Slices } from '../room/slices.ts';

/** What the operations use of the node. Only operations see all of it: the rooms below declare what they need. */
export interface Services {
  /** Another one after this boot was fenced. */
  readonly owner: Owner;
  readonly config: NodeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly directory: Directory;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly slices: Slices;
  readonly drain: Drain;
  readonly pipeWatch: PipeWatch;
  /** Whether this node takes peers at the moment. */
  readonly accepting: boolean;
  /** @throws noCapacity when this node takes no peers. */
  assertAccepting(): void;
}
