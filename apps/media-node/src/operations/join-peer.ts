import type { OperationParams, OperationResults, PeerRecord } from '@sluice/shared';
import { transportParameters } from '../media/transports.ts';
import type { MediaNode } from '../media-node.ts';
import { Peer } from '../peer.ts';
import type { Slice } from '../slice.ts';
import type { Operation } from './table.ts';

/** Enters a peer: its router and, if asked for, its transports are made while the directory takes it in. */
export const joinPeer: Operation<'joinPeer'> = async (node, params) => {
  node.assertAccepting();
  return node.slices.join(params.room, async (slice) => {
    const peer = new Peer(recordOf(node, params), await slice.routerForPeer());
    peer.rtpCapabilities = params.rtpCapabilities;
    replaceEarlier(slice, peer);
    slice.peers.set(peer.id, peer);
    try {
      const [snapshot, transports] = await Promise.all([
        slice.enter(peer.record),
        params.transports ? bothTransports(node, slice, peer) : {},
      ]);
      peer.assertOpen();
      peer.enteredAt = snapshot.seq;
      return { snapshot, rtpCapabilities: routerCapabilities(peer), ...transports };
    } catch (error) {
      await undo(slice, peer);
      throw error;
    }
  });
};

function recordOf(node: MediaNode, params: OperationParams<'joinPeer'>): PeerRecord {
  const { peerId, sessionId, gateway, resumeHash, features, name, metadata } = params;
  return {
    ...node.owner,
    peerId,
    sessionId,
    gateway,
    resumeHash,
    features,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** The newest session is the peer. The directory takes the earlier one's producers out in the change that enters this. */
function replaceEarlier(slice: Slice, peer: Peer): void {
  const earlier = slice.peers.get(peer.id);
  if (earlier) slice.discard(earlier);
}

async function bothTransports(node: MediaNode, slice: Slice, peer: Peer) {
  const [send, recv] = await Promise.all([
    node.createTransport(slice, peer, { direction: 'send', sctp: true }),
    node.createTransport(slice, peer, { direction: 'recv', sctp: true }),
  ]);
  return { producerTransport: transportParameters(send), consumerTransport: transportParameters(recv) };
}

function routerCapabilities(peer: Peer): OperationResults['joinPeer']['rtpCapabilities'] {
  return peer.router.router.rtpCapabilities as OperationResults['joinPeer']['rtpCapabilities'];
}

/** Whether the directory took the peer or not is not known here: it is told that the peer is gone. */
async function undo(slice: Slice, peer: Peer): Promise<void> {
  if (slice.peers.get(peer.id) !== peer) return;
  await slice.remove(peer, 'failed').catch(() => undefined);
}
