import { isSluiceError, newSessionId, type Position, type SessionId, SluiceError } from '@sluice/shared';
import type { ClientRoomEvent, ResumedReply } from '@sluice/shared/protocol';
import { toClientEvent, toPeers } from '../rooms/client-events.ts';
import { attach, rejected } from './attach.ts';
import { withDeadline } from '../nodes/deadline.ts';
import type { FollowedRoom } from '../rooms/followed-room.ts';
import type { Joined } from '../session/state.ts';
import type { Call, Handler } from './call.ts';

/**
 * Takes a peer up whose connection was lost, here or on another gateway, dead or alive: its media was never touched. An
 * earlier connection that still stands is closed. What happened meanwhile comes with the reply.
 */
export const resume: Handler<'resume'> = async (call) => {
  const { session, services, fields } = call;
  if (!services.bus.connected) throw new SluiceError('coordinatorUnavailable', 'The bus is away.');
  const attempt = begin(call);
  const sessionId = newSessionId();
  services.sessions.expect(sessionId);
  session.beginJoin();
  const followed = services.rooms.acquire(fields.room);
  const hash = () => followed.feed.view.peers.get(fields.peerId)?.resumeHash;
  try {
    const { outcome, reason } = await resumeIn(call, followed, sessionId);
    attempt.end('right', hash());
    services.metrics.resumes.inc({ reason, result: 'ok' });
    return outcome;
  } catch (error) {
    attempt.end(isSluiceError(error, 'resumeRejected') ? 'wrong' : 'unknown', hash());
    services.metrics.resumes.inc({ reason: 'none', result: SluiceError.from(error).code });
    services.sessions.takeHeld(sessionId);
    services.rooms.release(followed);
    session.joinFailed();
    throw error;
  }
};

/** @throws tooManyRequests, before anything is asked of anybody. */
function begin({ session, services, fields }: Call<'resume'>) {
  const { room, peerId, resumeToken: token } = fields;
  const hash = services.rooms.get(room)?.feed.view.peers.get(peerId)?.resumeHash;
  try {
    return services.resumeGuard.begin({ room, peerId, token, address: session.address, hash });
  } catch (error) {
    services.metrics.resumes.inc({ reason: 'none', result: SluiceError.from(error).code });
    throw error;
  }
}

async function resumeIn(call: Call<'resume'>, followed: FollowedRoom, sessionId: SessionId) {
  const { session, services, deadline } = call;
  await withDeadline(services.clock, deadline, catchUp(call, followed));
  const { state, move, reason } = await attach(call, followed, sessionId);
  const missed = await withDeadline(services.clock, deadline, readMissed(call, followed));
  const outcome = () => {
    const reply = takeUp(call, state, missed);
    // Of a move the client may not have heard: then its connection ended first, or the notice was lost.
    const held = services.sessions.takeHeld(sessionId).map(({ event }) => event);
    session.noticeInTurn(...(move ? [move] : []), ...held);
    return reply;
  };
  return { outcome, reason };
}

async function catchUp({ services, fields }: Call<'resume'>, followed: FollowedRoom): Promise<void> {
  await followed.subscribed();
  if (followed.feed.position) return followed.feed.catchUp();
  const snapshot = await services.directory.snapshot(fields.room);
  if (!snapshot) throw rejected();
  followed.feed.seed(snapshot);
}

interface Missed {
  events: ClientRoomEvent[];
  epoch: number;
  seq: number;
}

/** The feed may go on while the stream is read. It is read again then, this often at most. */
const readsAtMost = 3;

/** What the client has missed, or undefined where only a picture of the whole room will do. */
async function readMissed(call: Call<'resume'>, { feed }: FollowedRoom): Promise<Missed | undefined> {
  for (let read = 0; read < readsAtMost; read++) {
    const missed = await readOnce(call);
    if (!missed) return undefined;
    await feed.catchUp();
    if (isAt(missed, feed.position)) return missed;
  }
  return undefined;
}

const isAt = ({ epoch, seq }: Missed, position: Position | undefined): boolean =>
  position?.epoch === epoch && position.seq === seq;

async function readOnce({ services, fields }: Call<'resume'>): Promise<Missed | undefined> {
  const { room, epoch, seq, peerId } = fields;
  const batches = await services.directory.eventsAfter(room, { epoch, seq });
  if (!batches) return undefined;
  const numbered = batches.flatMap((batch) =>
    batch.events.map((event, index) => ({ event, position: { epoch: batch.epoch, seq: batch.seq + index } })),
  );
  const events = numbered
    .filter(({ event }) => event.type !== 'message' || !event.to || event.to.includes(peerId))
    .map(({ event, position }) => toClientEvent(event, position))
    .filter((event) => event !== undefined);
  return { events, epoch, seq: numbered.at(-1)?.position.seq ?? seq };
}

function takeUp({ session, fields }: Call<'resume'>, state: Joined, missed: Missed | undefined): ResumedReply {
  const { feed } = state.followed;
  const position = feed.position ?? { epoch: fields.epoch, seq: fields.seq };
  session.enter(state);
  // Where the feed went on since the stream was read, the picture serves, which is as of this turn.
  if (missed && isAt(missed, position))
    return { type: 'resumed', node: state.node, epoch: missed.epoch, seq: missed.seq, events: missed.events };
  const snapshot = { room: state.room, ...position, peers: toPeers(feed.view, state.peerId) };
  return { type: 'resumed', node: state.node, ...position, snapshot };
}
