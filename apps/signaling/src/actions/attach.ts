import {
  channels,
  isSluiceError,
  type PeerRecord,
  type ProducerId,
  type RoomEvent,
  type SessionId,
  SluiceError,
} from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';
import type { Call } from './call.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import { isTokenOf } from './resume-token.ts';
import { SessionMedia } from '../session/media.ts';
import type { Joined } from '../session/state.ts';

/** A peer that this gateway speaks for from now on, and a move that its client may not know of. */
export interface Attached {
  state: Joined;
  move: MoveEvent | undefined;
  reason: ResumeReason;
}

/** Why it was resumed: its session was known to be lost, or stood as far as anybody knew, or its node was lost as well. */
export type ResumeReason = 'sessionLost' | 'sessionStanding' | 'nodeLost';

/** The peer may move on while it is asked for: so often its node is looked up again. */
const attemptsAtMost = 3;
/** How many events are looked through for what a peer has lost: well within what a room keeps. */
const lookBack = 500;

export const rejected = () => new SluiceError('resumeRejected', 'There is nothing to resume: join again.');

/**
 * Has the peer's node listen to this session. A node that is gone is no hindrance: the peer is moved as it would be.
 *
 * @throws resumeRejected where there is no such peer, or the token is not its.
 */
export async function attach(call: Call<'resume'>, followed: FollowedRoom, sessionId: SessionId): Promise<Attached> {
  const { peerId, resumeToken } = call.fields;
  for (let attempt = 1; ; attempt++) {
    const record = followed.feed.view.peers.get(peerId);
    if (!record || !isTokenOf(resumeToken, record.resumeHash)) throw rejected();
    try {
      return await attachTo(call, followed, { ...stateOf(record, followed), sessionId, media: new SessionMedia() });
    } catch (error) {
      if (!isSluiceError(error, 'peerNotFound')) throw error;
      await followed.feed.catchUp();
      const isStillThere = followed.feed.view.peers.get(peerId)?.boot === record.boot;
      if (isStillThere || attempt === attemptsAtMost) throw rejected();
    }
  }
}

async function attachTo(call: Call<'resume'>, followed: FollowedRoom, state: Joined): Promise<Attached> {
  const { services, deadline } = call;
  const { media, peerId, resumeHash } = state;
  for (const own of followed.feed.view.producers.values()) {
    if (own.peerId === peerId) media.producers.add(own.producerId);
  }
  const params = { gateway: services.nodes.inbox, resumeHash };
  try {
    const had = await services.nodes.call(state, 'attachPeer', params, deadline);
    media.rtpCapabilities = had.rtpCapabilities;
    for (const consumer of had.consumers) media.consumers.set(consumer.consumerId, consumer);
    for (const producerId of had.producerIds) media.producers.add(producerId as ProducerId);
    if (had.move) await recallLost(call, followed, media);
    return { state, move: had.move, reason: had.wasDetached ? 'sessionLost' : 'sessionStanding' };
  } catch (error) {
    if (!isSluiceError(error, 'nodeUnavailable')) throw error;
    await recallLost(call, followed, media);
    return { state, move: undefined, reason: 'nodeLost' };
  }
}

/** What the peer lost with its node or worker is in nobody's book any more: only the room's events say that it was its. */
async function recallLost({ services, fields }: Call<'resume'>, { feed, room }: FollowedRoom, media: SessionMedia) {
  if (!feed.position) return;
  const { epoch, seq } = feed.position;
  const from = { epoch, seq: Math.max(0, seq - lookBack) };
  // Without them the client's tracks are new ones: shown as such, and not in the place of the lost.
  const batches = (await services.directory.eventsAfter(room, from).catch(() => undefined)) ?? [];
  for (const event of batches.flatMap(({ events }) => events)) {
    if (isLoss(event) && event.peerId === fields.peerId) media.producers.add(event.producerId);
  }
}

const isLoss = (event: RoomEvent): event is Extract<RoomEvent, { type: 'producerClosed' }> =>
  event.type === 'producerClosed' && (event.reason === 'nodeLost' || event.reason === 'workerLost');

function stateOf(record: PeerRecord, followed: FollowedRoom): Omit<Joined, 'sessionId' | 'media'> {
  const { peerId, node, boot, resumeHash, features } = record;
  return {
    phase: 'joined',
    room: followed.room,
    peerId,
    node,
    address: channels.node(node, boot),
    resumeHash,
    features,
    old: undefined,
    followed,
  };
}
