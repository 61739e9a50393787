import { SluiceError } from '../base/errors.ts';
import type { NodeId } from '../base/ids.ts';
import type { NodeReport } from './registry.ts';

export type PlacementPolicy = 'pack' | 'spread';

export interface PlacementRequest {
  policy: PlacementPolicy;
  /** Nodes that the room is on already. */
  present: ReadonlySet<NodeId>;
  region?: string | undefined;
  /** A node asked for by name: development and admins only. */
  wanted?: string | undefined;
  /** Peers that were just sent to a node and that its report can't know of yet. */
  recent(node: NodeId): number;
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

/**
 * Chooses a node for a peer. `pack` stays where the room is while there is headroom, so that a room has few pipes; else
 * it takes the better of two random candidates of the region, so that not everyone runs to the same empty node.
 * `spread` takes the node with the fewest peers. `pack` makes no list of thousands of nodes to choose from: it draws,
 * and searches only where drawing fails.
 *
 * @throws noCapacity when no node accepts peers, nodeUnavailable when the node asked for isn't there.
 */
export function place(nodes: readonly NodeReport[], request: PlacementRequest): NodeReport {
  if (request.wanted !== undefined) return wantedNode(nodes, request.wanted);
  return request.policy === 'spread' ? fewestPeers(candidatesOf(nodes, request), request) : packed(nodes, request);
}

const isOpen = (node: NodeReport) => node.accepting && !node.draining;

const isNear = (node: NodeReport, { region }: PlacementRequest) => region === undefined || node.region === region;

function wantedNode(nodes: readonly NodeReport[], id: string): NodeReport {
  const node = nodes.find((candidate) => candidate.id === id && isOpen(candidate));
  if (!node) throw new SluiceError('nodeUnavailable', 'The node asked for is not there.');
  return node;
}

/** Those of the region, or all where it has none. Never empty. */
function candidatesOf(nodes: readonly NodeReport[], request: PlacementRequest): readonly NodeReport[] {
  const open = nodes.filter(isOpen);
  const near = open.filter((node) => isNear(node, request));
  const candidates = near.length > 0 ? near : open;
  if (candidates.length === 0) throw new SluiceError('noCapacity', 'No node takes peers at the moment.');
  return candidates;
}

function packed(nodes: readonly NodeReport[], asked: PlacementRequest): NodeReport {
  // A region that has no node is as good as none.
  const request = nodes.some((node) => isOpen(node) && isNear(node, asked)) ? asked : { ...asked, region: undefined };
  const here = leastLoadedPresent(nodes, request);
  if (here) return here;
  const one = draw(nodes, request);
  const other = draw(nodes, request);
  return expectedLoad(other, request) < expectedLoad(one, request) ? other : one;
}

/** Of the nodes that the room is on, the least loaded that has headroom and is in the region. */
function leastLoadedPresent(nodes: readonly NodeReport[], request: PlacementRequest): NodeReport | undefined {
  let unseen = request.present.size;
  let best: NodeReport | undefined;
  for (const node of nodes) {
    if (unseen === 0) break;
    if (!request.present.has(node.id)) continue;
    unseen--;
    const load = expectedLoad(node, request);
    if (!isOpen(node) || !isNear(node, request) || load >= headroomLoad) continue;
    if (!best || load < expectedLoad(best, request)) best = node;
  }
  return best;
}

function fewestPeers(candidates: readonly NodeReport[], request: PlacementRequest): NodeReport {
  return candidates.reduce((best, node) => (peersOf(node, request) < peersOf(best, request) ? node : best));
}

const peersOf = (node: NodeReport, request: PlacementRequest) => node.peers + request.recent(node.id);

/** The reported load, corrected by what was just placed there. */
function expectedLoad(node: NodeReport, request: PlacementRequest): number {
  return node.load + (request.recent(node.id) * peerCost) / Math.max(1, node.workers);
}

function draw(nodes: readonly NodeReport[], request: PlacementRequest): NodeReport {
  for (let attempt = 0; attempt < drawsBeforeSearch; attempt++) {
    const node = nodes[Math.floor(request.random() * nodes.length)];
    if (node && isOpen(node) && isNear(node, request)) return node;
  }
  const candidates = candidatesOf(nodes, request);
  return candidates[Math.floor(request.random() * candidates.length)] ?? (candidates[0] as NodeReport);
}
