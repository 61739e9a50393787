import type { NodeId } from '../base/ids.ts';
import type { Member, NodeReport } from './reports.ts';

/** Some of the nodes, in a list that one can draw from: to replace, add or take away one costs the same however many. */
class DrawableList {
  readonly #nodes: Member<NodeReport>[] = [];
  readonly #indexOf = new Map<string, number>();

  get nodes(): readonly Member<NodeReport>[] {
    return this.#nodes;
  }

  set(node: Member<NodeReport>): void {
    const { address } = node.report;
    const index = this.#indexOf.get(address) ?? this.#nodes.length;
    this.#indexOf.set(address, index);
    this.#nodes[index] = node;
  }

  /** The last one takes the place of the one that goes. */
  delete(address: string): void {
    const index = this.#indexOf.get(address);
    const last = this.#nodes.at(-1);
    if (index === undefined || !last) return;
    this.#nodes[index] = last;
    this.#indexOf.set(last.report.address, index);
    this.#nodes.pop();
    this.#indexOf.delete(address);
  }
}

const none: readonly Member<NodeReport>[] = [];

/**
 * The nodes that live, by address and by id, and those of them that take peers, also by region. Kept up to date by each
 * heartbeat, so that a placement makes no list of thousands.
 */
export class NodePool {
  readonly #byAddress = new Map<string, Member<NodeReport>>();
  readonly #byId = new Map<NodeId, Member<NodeReport>>();
  readonly #open = new DrawableList();
  readonly #openIn = new Map<string, DrawableList>();

  static of(members: Iterable<Member<NodeReport>>): NodePool {
    const pool = new NodePool();
    for (const member of members) pool.set(member);
    return pool;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  byAddress(address: string): Member<NodeReport> | undefined {
    return this.#byAddress.get(address);
  }

  /** The one of its incarnations that was heard of last. */
  byId(id: NodeId): Member<NodeReport> | undefined {
    return this.#byId.get(id);
  }

  /** Those that take peers, of one region or of all. */
  open(region?: string): readonly Member<NodeReport>[] {
    return region === undefined ? this.#open.nodes : (this.#openIn.get(region)?.nodes ?? none);
  }

  set(member: Member<NodeReport>): void {
    const { address, id, region } = member.report;
    const before = this.#byAddress.get(address)?.report;
    if (before && before.region !== region) this.#openIn.get(before.region)?.delete(address);
    this.#byAddress.set(address, member);
    this.#byId.set(id, member);
    if (!isOpen(member.report)) return this.#close(address, region);
    this.#open.set(member);
    this.#listOf(region).set(member);
  }

  delete(address: string): void {
    const member = this.#byAddress.get(address);
    if (!member) return;
    const { id, region } = member.report;
    this.#byAddress.delete(address);
    if (this.#byId.get(id) === member) this.#byId.delete(id);
    this.#close(address, region);
  }

  #close(address: string, region: string): void {
    this.#open.delete(address);
    const near = this.#openIn.get(region);
    near?.delete(address);
    if (near?.nodes.length === 0) this.#openIn.delete(region);
  }

  #listOf(region: string): DrawableList {
    const known = this.#openIn.get(region) ?? new DrawableList();
    this.#openIn.set(region, known);
    return known;
  }
}

export const isOpen = ({ accepting, draining }: NodeReport): boolean => accepting && !draining;
