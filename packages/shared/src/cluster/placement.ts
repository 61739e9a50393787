import { SluiceError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import { isOpen, type NodePool } from './node-pool.ts';
import type { Member, NodeReport } from './reports.ts';

export type PlacementPolicy = 'pack' | 'spread';

type Node = Member<NodeReport>;

export interface PlacementRequest {
  policy: PlacementPolicy;
  /** Nodes that the room is on already. */
  present: ReadonlySet<NodeId>;
  region?: string | undefined;
  /** A node asked for by name: development and admins only. */
  wanted?: string | undefined;
  /** Peers that were just sent to a node and that its report can't know of yet. */
  recent(node: Node): number;
  /** Nodes that are not taken, whatever they report. */
  refuses?(node: Node): boolean;
  random: () => number;
}

/**
 * Above this load a node takes no new room and no more of a room that has somewhere else to go. Higher packs tighter;
 * lower leaves more room for the peers that are there to publish more.
 */
const headroomLoad = 0.75;

/** What one peer that just joined is taken to cost until the reports show it, as a share of one worker's core. */
const peerCost = 0.01;

/** Draws at random before all nodes are looked through: enough where one in four will do, nothing where none does. */
const drawsBeforeSearch = 16;

/** Of more nodes than these, `spread` looks at so many at random: a large cluster is as even, and a choice as cheap. */
const spreadLooksAt = 128;

/**
 * Chooses a node for a peer. `pack` stays where the room is while there is headroom, so that a room has few pipes; else
 * it takes the better of two random candidates of the region, so that not everyone runs to the same empty node.
 * `spread` takes the node with the fewest peers. Its cost grows with the nodes that the room is on, not with the
 * cluster, unless drawing at random fails.
 *
 * @throws noCapacity when no node accepts peers, nodeUnavailable when the node asked for isn't there.
 */
export function place(pool: NodePool, request: PlacementRequest): NodeReport {
  if (request.wanted !== undefined) return wantedNode(pool, request.wanted, request);
  const candidates = candidatesOf(pool, request);
  const chosen = request.policy === 'spread' ? fewestPeers(candidates, request) : packed(pool, candidates, request);
  return chosen.report;
}

const isRefused = (node: Node, request: PlacementRequest): boolean => request.refuses?.(node) ?? false;

function wantedNode(pool: NodePool, id: string, request: PlacementRequest): NodeReport {
  const node = pool.byId(id as NodeId);
  if (node && isOpen(node.report) && !isRefused(node, request)) return node.report;
  throw new SluiceError('nodeUnavailable', 'The node asked for is not there.');
}

/** Those of the region, or all where it has none: a region that has no node is as good as none. */
interface Candidates {
  nodes: readonly Node[];
  region: string | undefined;
}

function candidatesOf(pool: NodePool, request: PlacementRequest): Candidates {
  const { region } = request;
  if (region !== undefined && isAnyTaken(pool.open(region), request)) return { nodes: pool.open(region), region };
  if (isAnyTaken(pool.open(), request)) return { nodes: pool.open(), region: undefined };
  throw new SluiceError('noCapacity', 'No node takes peers at the moment.');
}

const isAnyTaken = (nodes: readonly Node[], request: PlacementRequest): boolean =>
  nodes.some((node) => !isRefused(node, request));

function packed(pool: NodePool, candidates: Candidates, request: PlacementRequest): Node {
  const here = leastLoadedPresent(pool, candidates, request);
  if (here) return here;
  const one = draw(candidates, request);
  const other = draw(candidates, request);
  return expectedLoad(other, request) < expectedLoad(one, request) ? other : one;
}

/** Of the nodes that the room is on, the least loaded that has headroom and is in the region. */
function leastLoadedPresent(pool: NodePool, { region }: Candidates, request: PlacementRequest): Node | undefined {
  let best: Node | undefined;
  for (const id of request.present) {
    const node = pool.byId(id);
    if (!node || !isOpen(node.report) || isRefused(node, request)) continue;
    if (region !== undefined && node.report.region !== region) continue;
    const load = expectedLoad(node, request);
    if (load < headroomLoad && (!best || load < expectedLoad(best, request))) best = node;
  }
  return best;
}

function fewestPeers(candidates: Candidates, request: PlacementRequest): Node {
  const looked =
    candidates.nodes.length > spreadLooksAt
      ? Array.from({ length: spreadLooksAt }, () => draw(candidates, request))
      : candidates.nodes.filter((node) => !isRefused(node, request));
  return looked.reduce((best, node) => (peersOf(node, request) < peersOf(best, request) ? node : best));
}

const peersOf = (node: Node, request: PlacementRequest) => node.report.peers + request.recent(node);

/** The reported load, corrected by what was just placed there. */
function expectedLoad(node: Node, request: PlacementRequest): number {
  return node.report.load + (request.recent(node) * peerCost) / Math.max(1, node.report.workers);
}

function draw({ nodes }: Candidates, request: PlacementRequest): Node {
  for (let attempt = 0; attempt < drawsBeforeSearch; attempt++) {
    const node = nodes[Math.floor(request.random() * nodes.length)];
    if (node && !isRefused(node, request)) return node;
  }
  const taken = nodes.filter((node) => !isRefused(node, request));
  return taken[Math.floor(request.random() * taken.length)] ?? (taken[0] as Node);
}
