import { channels, newPeerId, newSessionId, type PeerRecord, SluiceError } from '@sluice/shared';
import type { JoinedReply } from '@sluice/shared/protocol';
import { withDeadline } from '../nodes/deadline.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import { SessionMedia } from '../session/media.ts';
import { type Admission, admit } from './admit.ts';
import type { EntryCall, EntryHandler } from './call.ts';
import { assertBus, assertOpen, type EntryServices } from './entry.ts';
import { newResumeToken } from './resuming/resume-token.ts';

type JoinCall = EntryCall<'join'>;

/**
 * The room's events are heard before it is read, and it is read while the node takes the peer in; the reply is made from
 * that picture, once it is at the peer's own entry or past it.
 */
export function createJoin(services: EntryServices): EntryHandler<'join'> {
  return async (call) => {
    const { session, fields } = call;
    assertPossible(call, services);
    session.beginJoin();
    const followed = services.rooms.acquire(fields.room);
    const undo = () => {
      services.rooms.release(followed);
      session.joinFailed();
    };
    try {
      const { token, hash } = newResumeToken();
      const peer = { room: fields.room, peerId: fields.peerId ?? newPeerId(), sessionId: newSessionId() };
      const admission = await admit(call, services, followed, { ...peer, resumeHash: hash });
      await reach(call, services, followed, admission);
      return () => takeSeat(call, services, { followed, admission, token, undo });
    } catch (error) {
      undo();
      throw error;
    }
  };
}

function assertPossible({ session, fields }: JoinCall, services: EntryServices): void {
  // Without keys no token can be checked, and one that is not checked proves nothing.
  if (fields.token !== undefined) {
    throw new SluiceError('unauthorized', 'This server has no keys to check a token with.');
  }
  if (fields.node !== undefined && !services.config.allowNodeChoice) {
    throw new SluiceError('forbidden', 'A join may not name its node here.', { details: { field: 'node' } });
  }
  assertBus(services);
  assertOpen(session);
}

async function reach(
  { deadline }: JoinCall,
  { clock, farewells }: EntryServices,
  followed: FollowedRoom,
  { peer, result }: Admission,
): Promise<void> {
  try {
    await withDeadline(clock, deadline, followed.reach(result));
  } catch (error) {
    void farewells.leave(peer, 'failed');
    throw error;
  }
}

interface Entered {
  followed: FollowedRoom;
  admission: Admission;
  token: string;
  undo: () => void;
}

/** @throws nodeUnavailable where the peer is in the room no more: it was replaced, or its node lost, on the way. */
function takeSeat({ session, fields }: JoinCall, services: EntryServices, entered: Entered): JoinedReply {
  const { followed, admission, token, undo } = entered;
  const { peer, node, resumeHash } = admission;
  const record = followed.record(peer.peerId);
  if (record?.sessionId !== peer.sessionId) {
    undo();
    throw new SluiceError('nodeUnavailable', 'The peer was lost while it joined.');
  }
  const media = new SessionMedia();
  media.rtpCapabilities = fields.rtpCapabilities;
  const { features } = fields;
  const address = addressOf(record);
  const details = { ...peer, node, address, resumeHash, features, media, followed };
  session.seated(services.seats.take(session, details));
  return replyOf(admission, followed, { token, iceServers: services.config.iceServers });
}

/** The boot that has the peer need not be the one that was asked: a node may have gone on under another just then. */
const addressOf = ({ node, boot }: PeerRecord): string => channels.node(node, boot);

function replyOf(
  { peer, node, result, rtpCapabilities }: Admission,
  followed: FollowedRoom,
  { token, iceServers }: { token: string; iceServers: JoinedReply['iceServers'] },
): JoinedReply {
  const { producerTransport, consumerTransport } = result;
  const { room, epoch, seq, peers } = followed.pictureFor(peer.peerId);
  return {
    type: 'joined',
    room,
    peerId: peer.peerId,
    node,
    rtpCapabilities,
    peers,
    epoch,
    seq,
    resumeToken: token,
    iceServers,
    ...(producerTransport && { producerTransport }),
    ...(consumerTransport && { consumerTransport }),
  };
}
