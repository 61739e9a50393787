import { channels, isSluiceError, type PeerRecord, type ProducerId, type SessionId, SluiceError } from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';
import type { FollowedRoom } from '../../rooms/followed-room.ts';
import { SessionMedia } from '../../session/media.ts';
import { isUnclear } from '../../nodes/node-client.ts';
import type { SeatDetails } from '../../session/seat.ts';
import type { EntryCall } from '../call.ts';
import type { EntryServices } from '../entry.ts';
import { isTokenOf } from './resume-token.ts';

/** A peer that this gateway speaks for from now on, and a move that its client may not know of. */
export interface Attached {
  details: SeatDetails;
  move: MoveEvent | undefined;
  reason: ResumeReason;
  /** The session that the room names for the peer, unless another one takes it: this one, if the node could be asked. */
  spokenForBy: SessionId;
}

/** Why it was resumed: its session was known to be lost, or stood as far as was known, or its node was lost as well. */
export type ResumeReason = 'sessionLost' | 'sessionStanding' | 'nodeLost';

/** The peer may move on while it is asked for: so often its node is looked up again. */
const attemptsAtMost = 3;

export const rejected = () => new SluiceError('resumeRejected', 'There is nothing to resume: join again.');

/**
 * Has the peer's node listen to this session. A node that is gone is no hindrance: the peer is moved as it would be.
 *
 * @throws resumeRejected where there is no such peer, or the token is not its.
 */
export async function attach(
  { fields: { peerId, resumeToken }, deadline }: EntryCall<'resume'>,
  services: EntryServices,
  followed: FollowedRoom,
  sessionId: SessionId,
): Promise<Attached> {
  for (let attempt = 1; ; attempt++) {
    const record = followed.record(peerId);
    if (!record || !isTokenOf(resumeToken, record.resumeHash)) throw rejected();
    try {
      return await attachTo(detailsOf(record, followed, sessionId), record, services, deadline);
    } catch (error) {
      if (!isSluiceError(error, 'peerNotFound')) throw error;
      await followed.catchUp();
      const isStillThere = followed.record(peerId)?.boot === record.boot;
      if (isStillThere || attempt === attemptsAtMost) throw rejected();
    }
  }
}

async function attachTo(
  details: SeatDetails,
  record: PeerRecord,
  { nodes, farewells }: EntryServices,
  deadline: number,
): Promise<Attached> {
  const { peerId, resumeHash, followed, media, sessionId } = details;
  for (const producerId of followed.producersOf(peerId)) media.producers.add(producerId);
  try {
    const had = await nodes.call(details, 'attachPeer', { gateway: nodes.inbox, resumeHash }, deadline);
    media.rtpCapabilities = had.rtpCapabilities;
    for (const consumer of had.consumers) media.consumers.set(consumer);
    for (const producerId of had.producerIds) media.producers.add(producerId as ProducerId);
    if (had.move) await recallLost(details);
    const reason = had.wasDetached ? 'sessionLost' : 'sessionStanding';
    return { details, move: had.move, reason, spokenForBy: sessionId };
  } catch (error) {
    if (isUnclear(error)) void farewells.detach(details);
    if (!isSluiceError(error, 'nodeUnavailable')) throw error;
    await recallLost(details);
    return { details, move: undefined, reason: 'nodeLost', spokenForBy: record.sessionId };
  }
}

/** The client may replace what it lost with its node or worker. */
async function recallLost({ followed, media, peerId }: SeatDetails): Promise<void> {
  for (const producerId of await followed.lostBy(peerId)) media.producers.add(producerId);
}

function detailsOf(record: PeerRecord, followed: FollowedRoom, sessionId: SessionId): SeatDetails {
  const { peerId, node, boot, resumeHash, features } = record;
  return {
    room: followed.room,
    peerId,
    sessionId,
    node,
    address: channels.node(node, boot),
    resumeHash,
    features,
    media: new SessionMedia(),
    followed,
  };
}
