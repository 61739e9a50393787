import type { Clock, NodeId, NodeReport, PlacementPolicy, Registry } from '@sluice/shared';
import { isSluiceError, place } from '@sluice/shared';

export interface PlacementWish {
  present: ReadonlySet<NodeId>;
  region: string | undefined;
  wanted: string | undefined;
  /** Taken only where there is no other. */
  avoid?: ReadonlySet<NodeId>;
}

/** A node chosen for a peer that is on its way there. */
export interface Placement {
  node: NodeReport;
  /** The peer is there: the node's next report knows of it. */
  arrived(): void;
  /**
   * The peer isn't there after all. Where the node is gone or takes no peers, it is not chosen again until it is heard
   * of again.
   */
  failedWith(error: unknown): void;
}

/** Whether another node might do. */
export function isNodesFault(error: unknown): boolean {
  return isSluiceError(error, 'nodeUnavailable') || isSluiceError(error, 'noCapacity');
}

/** A placement that no report confirms is forgotten after this long: an operation has ended by then. */
const forgetAfterMs = 2000;

/** Longer than any lease: by then the registry has forgotten the node itself. */
const forgetMissedAfterMs = 60_000;

interface Recent {
  placedAt: number;
  arrivedAt: number | undefined;
}

/** What was placed on one node lately. */
interface RecentOnNode {
  /** In the order in which they were placed. */
  entries: Set<Recent>;
  /** The report against which the entries were last looked through. */
  checkedAt: number;
}

/** Chooses nodes, and remembers what reports can't say yet: peers just sent somewhere, and nodes just found gone. */
export class Placements {
  readonly #registry: Pick<Registry, 'pool'>;
  readonly #policy: PlacementPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #recent = new Map<NodeId, RecentOnNode>();
  readonly #missedAt = new Map<string, number>();

  constructor(options: {
    registry: Pick<Registry, 'pool'>;
    policy: PlacementPolicy;
    clock: Clock;
    random: () => number;
  }) {
    this.#registry = options.registry;
    this.#policy = options.policy;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Whether `present` makes a difference to the choice. */
  needsPresence(wanted: string | undefined): boolean {
    return this.#policy === 'pack' && wanted === undefined;
  }

  /** @throws noCapacity when no node accepts peers, nodeUnavailable when the node asked for isn't there. */
  choose(wish: PlacementWish): Placement {
    const { avoid } = wish;
    if (!avoid || avoid.size === 0) return this.#begin(this.#place(wish));
    try {
      return this.#begin(this.#place(wish, avoid));
    } catch (error) {
      if (!isSluiceError(error, 'noCapacity')) throw error;
      return this.#begin(this.#place(wish));
    }
  }

  #place({ present, region, wanted }: PlacementWish, avoid?: ReadonlySet<NodeId>): NodeReport {
    return place(this.#registry.pool, {
      present,
      region,
      wanted,
      policy: this.#policy,
      random: this.#random,
      recent: ({ report, heardAt }) => this.#countRecent(report.id, heardAt),
      refuses: ({ report, heardAt }) => avoid?.has(report.id) === true || this.#isMissed(report.address, heardAt),
    });
  }

  #begin(node: NodeReport): Placement {
    const entry: Recent = { placedAt: this.#clock.now(), arrivedAt: undefined };
    const recent = this.#recent.get(node.id) ?? { entries: new Set(), checkedAt: Number.NEGATIVE_INFINITY };
    // Of a node that is only asked for by name nothing is counted: the outdated ones go here.
    this.#forgetOutdated(node.id, recent);
    recent.entries.add(entry);
    this.#recent.set(node.id, recent);
    return {
      node,
      arrived: () => {
        entry.arrivedAt = this.#clock.now();
      },
      failedWith: (error) => {
        this.#forget(node.id, entry);
        if (isNodesFault(error)) this.#miss(node.address);
      },
    };
  }

  #miss(address: string): void {
    const now = this.#clock.now();
    for (const [other, at] of this.#missedAt) if (now - at > forgetMissedAfterMs) this.#missedAt.delete(other);
    this.#missedAt.set(address, now);
  }

  /** All are looked through once for each report. In between only time makes one go, and the oldest first. */
  #countRecent(node: NodeId, heardAt: number): number {
    const recent = this.#recent.get(node);
    if (!recent) return 0;
    if (recent.checkedAt !== heardAt) {
      recent.checkedAt = heardAt;
      for (const entry of recent.entries) {
        if (entry.arrivedAt !== undefined && entry.arrivedAt < heardAt) recent.entries.delete(entry);
      }
    }
    this.#forgetOutdated(node, recent);
    return recent.entries.size;
  }

  #forgetOutdated(node: NodeId, { entries }: RecentOnNode): void {
    const oldest = this.#clock.now() - forgetAfterMs;
    for (const entry of entries) {
      if (entry.placedAt > oldest) break;
      entries.delete(entry);
    }
    if (entries.size === 0) this.#recent.delete(node);
  }

  #forget(node: NodeId, entry: Recent): void {
    const recent = this.#recent.get(node);
    recent?.entries.delete(entry);
    if (recent?.entries.size === 0) this.#recent.delete(node);
  }

  #isMissed(address: string, heardAt: number): boolean {
    if (this.#missedAt.size === 0) return false;
    const missedAt = this.#missedAt.get(address);
    if (missedAt === undefined) return false;
    if (heardAt <= missedAt) return true;
    this.#missedAt.delete(address);
    return false;
  }
}
