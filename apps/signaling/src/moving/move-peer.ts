import { type Clock, type NodeId, type OperationResults, type PeerRecord, SluiceError } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import type { Farewells } from '../nodes/farewells.ts';
import type { NodeClient } from '../nodes/node-client.ts';
import type { Placement, Placements } from '../nodes/placements.ts';
import { OldPlace, overlapMs } from '../session/old-place.ts';
import type { Seat } from '../session/seat.ts';

/** Why a peer has to move, and when that was decided, on this process's clock. */
export interface Decision {
  reason: MoveReason;
  decidedAt: number;
  /** Nodes where it has failed; this one is added where it does again. */
  avoid: Set<NodeId>;
}

export interface MoveServices {
  clock: Clock;
  nodes: NodeClient;
  farewells: Farewells;
  placements: Placements;
  /** Whose nodes are preferred. */
  region: string | undefined;
}

/** One try at a move, in ms. */
const attemptMs = 2000;

/**
 * Gives a peer another node: that takes the peer over, builds its transports and consumes for it what it consumed, and
 * all of that rides on the notice. From then on the client's actions reach the new node; what it had at the old one, if
 * that lives, stays until the client stands or its time is up.
 *
 * @throws noCapacity, nodeUnavailable, …: nothing has changed, and it may be tried again.
 */
export async function movePeer(seat: Seat, services: MoveServices, decision: Decision): Promise<void> {
  const { reason, decidedAt, avoid } = decision;
  const { nodes, clock, placements, region } = services;
  const record = seat.record();
  if (!record) return;
  const before = seat.at();
  const placement = placements.choose({ present: seat.followed.presentNodes(), region, wanted: undefined, avoid });
  const { id: node, address } = placement.node;
  const result = await take(seat, services, { record, reason, placement }).catch((error: unknown) => {
    avoid.add(node);
    throw error;
  });
  if (seat.closed || seat.address !== before.address) throw overtaken(seat, services, address);
  seat.moveTo(node, address, reason === 'drain' ? new OldPlace(before, nodes, clock) : undefined);
  // Calls still pending on a lost node would block what is asked of the new one.
  if (reason === 'nodeLost') nodes.abandon(before.address);
  if (result.move) seat.notice(result.move);
  seat.told(reason, decidedAt);
}

/** The peer left, was lost, or spoke through another gateway, while the new node was asked: that has it in vain. */
function overtaken(seat: Seat, { farewells }: MoveServices, address: string): SluiceError {
  const peer = seat.at(address);
  void (seat.client.lost ? farewells.detach(peer) : farewells.leave(peer, 'disconnected'));
  return new SluiceError('peerNotFound', 'The session ended meanwhile.');
}

interface Takeover {
  record: PeerRecord;
  reason: MoveReason;
  placement: Placement;
}

async function take(
  seat: Seat,
  { nodes, clock }: MoveServices,
  { record, reason, placement }: Takeover,
): Promise<OperationResults['joinPeer']> {
  const { media, resumeHash } = seat;
  const { node, boot, sessionId, name, metadata } = record;
  const params = {
    gateway: nodes.inbox,
    resumeHash,
    features: [...seat.features],
    transports: true,
    from: { node, boot, sessionId, reason, deadlineMs: reason === 'drain' ? overlapMs : 0 },
    consumers: media.carried(),
    ...(media.rtpCapabilities && { rtpCapabilities: media.rtpCapabilities }),
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
  };
  try {
    const result = await nodes.call(seat.at(placement.node.address), 'joinPeer', params, clock.now() + attemptMs);
    placement.arrived();
    return result;
  } catch (error) {
    placement.failedWith(error);
    throw error;
  }
}
