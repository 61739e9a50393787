import type { NodeId, OperationResults, PeerId } from '@sluice/shared';
import { peerIdTaken } from '@sluice/shared';
import type { ActionFields, RtpCapabilities } from '@sluice/shared/protocol';
import { withDeadline } from '../nodes/deadline.ts';
import { isUnclear, type OwnParams, type PeerAddress } from '../nodes/node-client.ts';
import { isNodesFault, type Placement } from '../nodes/placements.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import type { EntryCall } from './call.ts';
import type { EntryServices } from './entry.ts';
import { hashResumeToken, isTokenOf } from './resuming/resume-token.ts';

/** A peer on its way in, with a session id that is new. */
export interface Newcomer extends Omit<PeerAddress, 'address'> {
  resumeHash: string;
}

/** A peer that its node has taken in. */
export interface Admission {
  peer: PeerAddress;
  node: NodeId;
  resumeHash: string;
  result: Pick<OperationResults['joinPeer'], 'epoch' | 'seq' | 'producerTransport' | 'consumerTransport'>;
  /** Of the router that the peer is on. */
  rtpCapabilities: RtpCapabilities;
}

/**
 * Chooses a node and has it take the peer in. Meanwhile the room is read, unless it is known already; first where the
 * choice depends on it, or the client brings a peer id that may be another's. Where it is unclear in the end whether the
 * node did it, the node is told to let the peer go.
 */
export async function admit(
  call: EntryCall<'join'>,
  services: EntryServices,
  followed: FollowedRoom,
  newcomer: Newcomer,
): Promise<Admission> {
  const { fields, deadline } = call;
  const { placements, clock, config } = services;
  const loading = followed.load();
  // One that fails is tried again when the peer has entered.
  loading.catch(() => undefined);
  const isNeeded = placements.needsPresence(fields.node) || fields.peerId !== undefined;
  if (isNeeded) await withDeadline(clock, deadline, loading);
  if (fields.peerId !== undefined) await withDeadline(clock, deadline, assertFree(followed, fields.peerId, fields));
  // Chosen and said to be entering in one turn: those who come next in the same instant see where this one goes.
  const choose = () =>
    placements.choose({
      present: followed.presentNodes(),
      region: fields.region ?? config.region,
      wanted: fields.node,
    });
  const entering = { call, services, followed, newcomer };
  const first = choose();
  try {
    return await enterNode(entering, first);
  } catch (error) {
    if (!isNodesFault(error) || fields.node !== undefined) throw error;
    // The one that was chosen has just gone, or takes no peers. Another, once, within the same deadline.
    return enterNode(entering, choose());
  }
}

/**
 * The directory has the last word; what this gateway knows already costs no node anything.
 *
 * @throws forbidden where the peer id is another's.
 */
async function assertFree(
  followed: FollowedRoom,
  peerId: PeerId,
  { resumeToken }: ActionFields<'join'>,
): Promise<void> {
  const isAnothers = () => {
    const record = followed.record(peerId);
    return record !== undefined && !(resumeToken !== undefined && isTokenOf(resumeToken, record.resumeHash));
  };
  // It may have left just now.
  if (isAnothers()) await followed.catchUp();
  if (isAnothers()) throw peerIdTaken();
}

interface EnteringPeer {
  call: EntryCall<'join'>;
  services: EntryServices;
  followed: FollowedRoom;
  newcomer: Newcomer;
}

async function enterNode(entering: EnteringPeer, placement: Placement): Promise<Admission> {
  const { call, followed } = entering;
  const { nodes, farewells, capabilities } = entering.services;
  const { resumeHash, ...newcomer } = entering.newcomer;
  const { id: node, address } = placement.node;
  const peer = { ...newcomer, address };
  const arrived = followed.entering(node);
  try {
    const { params, read } = capabilities.forJoin();
    const all = { ...params, ...joinParams(call, nodes.inbox, resumeHash) };
    const result = await nodes.call(peer, 'joinPeer', all, call.deadline);
    placement.arrived();
    return { peer, node, resumeHash, result, rtpCapabilities: read(result) };
  } catch (error) {
    placement.failedWith(error);
    if (isUnclear(error)) void farewells.leaveIfThere(peer);
    throw error;
  } finally {
    arrived();
  }
}

function joinParams({ fields }: EntryCall<'join'>, gateway: string, resumeHash: string): OwnParams<'joinPeer'> {
  const { name, metadata, features, transports, rtpCapabilities, resumeToken } = fields;
  return {
    gateway,
    resumeHash,
    features,
    transports,
    ...(resumeToken !== undefined && { shown: hashResumeToken(resumeToken) }),
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    ...(rtpCapabilities !== undefined && { rtpCapabilities }),
  };
}
