import { channels, newPeerId, newSessionId, SluiceError } from '@sluice/shared';
import type { JoinedReply } from '@sluice/shared/protocol';
import { type Admission, admit } from './admission.ts';
import { toPeers } from '../rooms/client-events.ts';
import { withDeadline } from '../nodes/deadline.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import { newResumeToken } from './resume-token.ts';
import { SessionMedia } from '../session/media.ts';
import type { Call, Handler } from './call.ts';

/**
 * The room is followed before the peer enters it, so whatever happens after the node's snapshot is heard; the reply is
 * made from the feed's own picture, once that is at the snapshot or past it.
 */
export const join: Handler<'join'> = async (call) => {
  const { session, services, fields } = call;
  assertPossible(call);
  session.beginJoin();
  const followed = services.rooms.acquire(fields.room);
  const undo = () => {
    services.rooms.release(followed);
    session.joinFailed();
  };
  try {
    const { token, hash } = newResumeToken();
    const peer = { room: fields.room, peerId: fields.peerId ?? newPeerId(), sessionId: newSessionId() };
    const admission = await admit(call, followed, { ...peer, resumeHash: hash });
    await reach(call, followed, admission);
    return () => takePlace(call, followed, admission, { token, resumeHash: hash, undo });
  } catch (error) {
    undo();
    throw error;
  }
};

function assertPossible({ session, services, fields }: Call<'join'>): void {
  if (fields.node !== undefined && !services.config.allowNodeChoice) {
    throw new SluiceError('forbidden', 'A join may not name its node here.', { details: { field: 'node' } });
  }
  // Asked first, since a subscription would wait for the bus to come back.
  if (!services.bus.connected) throw new SluiceError('coordinatorUnavailable', 'The bus is away.');
  if (!session.open) throw new SluiceError('deadlineExceeded', 'The connection is closed.');
}

async function reach({ services, deadline }: Call<'join'>, followed: FollowedRoom, admission: Admission) {
  try {
    await withDeadline(services.clock, deadline, followed.reach(admission.result.snapshot));
  } catch (error) {
    void services.departures.leave(admission.peer, 'failed');
    throw error;
  }
}

/** @throws nodeUnavailable where the peer is in the room no more: it was replaced, or its node lost, on the way. */
function takePlace(
  { session, services, fields }: Call<'join'>,
  followed: FollowedRoom,
  { peer, node, result }: Admission,
  { token, resumeHash, undo }: { token: string; resumeHash: string; undo: () => void },
): JoinedReply {
  const { view, position } = followed.feed;
  const { epoch, seq } = position ?? result.snapshot;
  const record = view.peers.get(peer.peerId);
  if (record?.sessionId !== peer.sessionId) {
    undo();
    throw new SluiceError('nodeUnavailable', 'The peer was lost while it joined.');
  }
  const media = new SessionMedia();
  media.rtpCapabilities = fields.rtpCapabilities;
  const { features } = fields;
  // The boot that has it, which need not be the one that was asked: a node may have gone on under another just then.
  const place = { ...peer, node, address: channels.node(record.node, record.boot) };
  session.enter({ phase: 'joined', ...place, resumeHash, features, media, old: undefined, followed });
  const { rtpCapabilities, producerTransport, consumerTransport } = result;
  return {
    type: 'joined',
    room: peer.room,
    peerId: peer.peerId,
    node,
    rtpCapabilities,
    peers: toPeers(view, peer.peerId),
    epoch,
    seq,
    resumeToken: token,
    iceServers: services.config.iceServers,
    ...(producerTransport && { producerTransport }),
    ...(consumerTransport && { consumerTransport }),
  };
}
