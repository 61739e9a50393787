import type { NodeId, OperationResults } from '@sluice/shared';
import { isSluiceError } from '@sluice/shared';
import type { Call } from './call.ts';
import { withDeadline } from '../nodes/deadline.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import type { OwnParams, PeerAddress } from '../nodes/node-client.ts';
import type { Placement } from '../nodes/placements.ts';

/** A peer on its way in, with ids that nobody had before. */
export interface Newcomer extends Omit<PeerAddress, 'address'> {
  resumeHash: string;
}

/** A peer that its node has taken in. */
export interface Admission {
  peer: PeerAddress;
  node: NodeId;
  result: OperationResults['joinPeer'];
}

/**
 * Chooses a node and has it take the peer in. The room's events are heard before the node is asked. Where it is unclear
 * in the end whether the node did it, the node is told to let the peer go.
 */
export async function admit(call: Call<'join'>, followed: FollowedRoom, newcomer: Newcomer): Promise<Admission> {
  const { services, fields, deadline } = call;
  const { placements, clock, config } = services;
  const looking = placements.needsPresence(fields.node) ? followed.look() : undefined;
  await withDeadline(clock, deadline, Promise.all([looking, followed.subscribed()]));
  // Chosen and said to be entering in one turn: those who come next in the same instant see where this one goes.
  const choose = () =>
    placements.choose({
      present: followed.presentNodes(),
      region: fields.region ?? config.region,
      wanted: fields.node,
    });
  const first = choose();
  try {
    return await enterNode(call, followed, newcomer, first);
  } catch (error) {
    if (!isNodesFault(error) || fields.node !== undefined) throw error;
    // The one that was chosen has just gone, or takes nobody. Another, once, within the same deadline.
    return enterNode(call, followed, newcomer, choose());
  }
}

async function enterNode(
  call: Call<'join'>,
  followed: FollowedRoom,
  { resumeHash, ...newcomer }: Newcomer,
  placement: Placement,
): Promise<Admission> {
  const { nodes, departures } = call.services;
  const { id: node, address } = placement.node;
  const peer = { ...newcomer, address };
  const arrived = followed.entering(node);
  try {
    const result = await nodes.call(peer, 'joinPeer', joinParams(call, resumeHash), call.deadline);
    placement.arrived();
    return { peer, node, result };
  } catch (error) {
    if (isNodesFault(error)) placement.missed();
    else placement.failed();
    if (isUnclear(error)) void departures.leaveIfThere(peer);
    throw error;
  } finally {
    arrived();
  }
}

function joinParams({ fields, services }: Call<'join'>, resumeHash: string): OwnParams<'joinPeer'> {
  const { name, metadata, features, transports, rtpCapabilities } = fields;
  return {
    gateway: services.nodes.inbox,
    resumeHash,
    features,
    transports,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    ...(rtpCapabilities !== undefined && { rtpCapabilities }),
  };
}

/** Whether another node might do. */
export function isNodesFault(error: unknown): boolean {
  return isSluiceError(error, 'nodeUnavailable') || isSluiceError(error, 'noCapacity');
}

/** Whether the node may have done what it was asked for, without our hearing of it. */
function isUnclear(error: unknown): boolean {
  return isSluiceError(error, 'deadlineExceeded') || isSluiceError(error, 'coordinatorUnavailable');
}
