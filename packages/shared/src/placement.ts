import { SluiceError } from './errors.ts';
import type { NodeId } from './ids.ts';
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

/**
 * Chooses a node for a peer. `pack` stays where the room is while there is headroom, so that a room has few pipes; else
 * it takes the better of two random candidates of the region, so that not everyone runs to the same empty node.
 * `spread` takes the node with the fewest peers.
 *
 * @throws noCapacity when no node accepts peers, nodeUnavailable when the node asked for isn't there.
 */
export function place(nodes: readonly NodeReport[], request: PlacementRequest): NodeReport {
  const open = nodes.filter((node) => node.accepting && !node.draining);
  if (request.wanted !== undefined) return wantedNode(open, request.wanted);
  const near = open.filter((node) => request.region === undefined || node.region === request.region);
  const candidates = near.length > 0 ? near : open;
  if (candidates.length === 0) throw new SluiceError('noCapacity', 'No node takes peers at the moment.');
  return request.policy === 'spread' ? fewestPeers(candidates, request) : packed(candidates, request);
}

function wantedNode(open: readonly NodeReport[], id: string): NodeReport {
  const node = open.find((candidate) => candidate.id === id);
  if (!node) throw new SluiceError('nodeUnavailable', 'The node asked for is not there.');
  return node;
}

function packed(candidates: readonly NodeReport[], request: PlacementRequest): NodeReport {
  const here = candidates.filter((node) => request.present.has(node.id) && expectedLoad(node, request) < headroomLoad);
  const first = leastLoaded(here, request);
  if (first) return first;
  const one = pick(candidates, request.random);
  const other = pick(candidates, request.random);
  return expectedLoad(other, request) < expectedLoad(one, request) ? other : one;
}

function fewestPeers(candidates: readonly NodeReport[], request: PlacementRequest): NodeReport {
  return candidates.reduce((best, node) => (peersOf(node, request) < peersOf(best, request) ? node : best));
}

function leastLoaded(nodes: readonly NodeReport[], request: PlacementRequest): NodeReport | undefined {
  let best: NodeReport | undefined;
  for (const node of nodes) if (!best || expectedLoad(node, request) < expectedLoad(best, request)) best = node;
  return best;
}

const peersOf = (node: NodeReport, request: PlacementRequest) => node.peers + request.recent(node.id);

/** The reported load, corrected by what was just placed there. */
function expectedLoad(node: NodeReport, request: PlacementRequest): number {
  return node.load + (request.recent(node.id) * peerCost) / Math.max(1, node.workers);
}

function pick(candidates: readonly NodeReport[], random: () => number): NodeReport {
  const chosen = candidates[Math.floor(random() * candidates.length)] ?? candidates[0];
  if (!chosen) throw new SluiceError('noCapacity', 'No node takes peers at the moment.');
  return chosen;
}
