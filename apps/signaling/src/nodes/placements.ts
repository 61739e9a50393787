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

/** Chooses nodes, and remembers what reports can't say yet: peers just sent somewhere, and nodes just found gone. */
export class Placements {
  readonly #registry: Registry;
  readonly #policy: PlacementPolicy;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #recent = new Map<NodeId, Set<Recent>>();
  readonly #missedAt = new Map<string, number>();

  constructor(options: { registry: Registry; policy: PlacementPolicy; clock: Clock; random: () => number }) {
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
    const members = this.#registry.nodes().filter(({ report, heardAt }) => !this.#isMissed(report.address, heardAt));
    const heardAt = new Map(members.map((member) => [member.report.id, member.heardAt]));
    const nodes = without(
      members.map(({ report }) => report),
      wish.avoid,
    );
    const recent = (node: NodeId) => this.#countRecent(node, heardAt.get(node) ?? 0);
    const node = place(nodes, { ...wish, policy: this.#policy, recent, random: this.#random });
    return this.#begin(node);
  }

  #begin(node: NodeReport): Placement {
    // Forgets the outdated ones, which may never be asked about: a node asked for by name is taken uncounted.
    this.#countRecent(node.id, 0);
    const entry: Recent = { placedAt: this.#clock.now(), arrivedAt: undefined };
    const entries = this.#recent.get(node.id) ?? new Set();
    this.#recent.set(node.id, entries.add(entry));
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

  #countRecent(node: NodeId, heardAt: number): number {
    const oldest = this.#clock.now() - forgetAfterMs;
    const entries = this.#recent.get(node) ?? [];
    for (const entry of entries) {
      const reported = entry.arrivedAt !== undefined && entry.arrivedAt < heardAt;
      if (reported || entry.placedAt <= oldest) this.#forget(node, entry);
    }
    return this.#recent.get(node)?.size ?? 0;
  }

  #forget(node: NodeId, entry: Recent): void {
    const entries = this.#recent.get(node);
    entries?.delete(entry);
    if (entries?.size === 0) this.#recent.delete(node);
  }

  #isMissed(address: string, heardAt: number): boolean {
    const missedAt = this.#missedAt.get(address);
    if (missedAt === undefined) return false;
    if (heardAt <= missedAt) return true;
    this.#missedAt.delete(address);
    return false;
  }
}

function without(nodes: NodeReport[], avoid: ReadonlySet<NodeId> | undefined): NodeReport[] {
  if (!avoid || avoid.size === 0) return nodes;
  const others = nodes.filter(({ id }) => !avoid.has(id));
  return others.some(({ accepting, draining }) => accepting && !draining) ? others : nodes;
}
