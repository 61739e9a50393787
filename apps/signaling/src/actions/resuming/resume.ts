import { isSluiceError, newSessionId, type PeerId, type SessionId, SluiceError } from '@sluice/shared';
import type { ResumedReply } from '@sluice/shared/protocol';
import { withDeadline } from '../../nodes/deadline.ts';
import type { FollowedRoom } from '../../rooms/followed-room.ts';
import { isAt, type Missed } from '../../rooms/missed-events.ts';
import { type Attached, attach, rejected } from './attach.ts';
import type { EntryCall, EntryHandler } from '../call.ts';
import { assertBus, assertOpen, type EntryServices } from '../entry.ts';

type ResumeCall = EntryCall<'resume'>;

/**
 * Takes a peer up whose connection was lost, here or on another gateway, dead or alive: its media was never touched. An
 * earlier connection that still stands is closed. What happened meanwhile comes with the reply.
 */
export function createResume(services: EntryServices): EntryHandler<'resume'> {
  return async (call) => {
    const { session, fields } = call;
    assertBus(services);
    assertOpen(session);
    const attempt = begin(call, services);
    const sessionId = newSessionId();
    services.seats.expect(sessionId);
    session.beginJoin();
    const followed = services.rooms.acquire(fields.room);
    const hash = () => followed.record(fields.peerId)?.resumeHash;
    const failed = <E>(error: E): E => {
      attempt.end(isSluiceError(error, 'resumeRejected') ? 'wrong' : 'unknown', hash());
      services.metrics.resumes.inc({ reason: 'none', result: SluiceError.from(error).code });
      services.seats.takeHeld(sessionId);
      services.rooms.release(followed);
      session.joinFailed();
      return error;
    };
    try {
      const resumed = await resumeIn(call, services, followed, sessionId);
      return () => {
        if (!isStillOurs(resumed.attached)) throw failed(rejected());
        attempt.end('right', hash());
        services.metrics.resumes.inc({ reason: resumed.attached.reason, result: 'ok' });
        return takeSeat(call, services, resumed);
      };
    } catch (error) {
      throw failed(error);
    }
  };
}

/** @throws tooManyRequests, before anything is asked of a node or of Redis. */
function begin({ session, fields }: ResumeCall, { rooms, resumeGuard, metrics }: EntryServices) {
  const { room, peerId, resumeToken: token } = fields;
  const hash = rooms.get(room)?.record(peerId)?.resumeHash;
  try {
    return resumeGuard.begin({ room, peerId, token, address: session.address, hash });
  } catch (error) {
    metrics.resumes.inc({ reason: 'none', result: SluiceError.from(error).code });
    throw error;
  }
}

interface Resumed {
  attached: Attached;
  missed: Missed | undefined;
}

async function resumeIn(
  call: ResumeCall,
  services: EntryServices,
  followed: FollowedRoom,
  sessionId: SessionId,
): Promise<Resumed> {
  const { deadline, fields } = call;
  const { clock, farewells } = services;
  if (!(await withDeadline(clock, deadline, followed.read()))) throw rejected();
  const attached = await attach(call, services, followed, sessionId);
  try {
    const missed = await withDeadline(clock, deadline, followed.missedBy(fields.peerId, fields));
    return { attached, missed };
  } catch (error) {
    // Its node takes the peer for connected: its time to be resumed would never begin.
    void farewells.detach(attached.details);
    throw error;
  }
}

/** While the room was read, the peer may have been kicked, or another session may have taken it. */
function isStillOurs({ details, spokenForBy }: Attached): boolean {
  const { followed, peerId, resumeHash } = details;
  const record = followed.record(peerId);
  return record?.resumeHash === resumeHash && record.sessionId === spokenForBy;
}

function takeSeat({ session }: ResumeCall, { seats }: EntryServices, { attached, missed }: Resumed): ResumedReply {
  const { details, move } = attached;
  const seat = seats.take(session, details);
  session.seated(seat);
  // Of a move the client may not have heard: then its connection ended first, or the notice was lost.
  const held = seats.takeHeld(seat.sessionId);
  session.inTurn(() => {
    for (const event of [...(move ? [move] : []), ...held]) seat.hear(event);
  });
  return { type: 'resumed', node: seat.node, ...caughtUp(seat.followed, seat.peerId, missed) };
}

/** Where the feed went on since the stream was read, the picture serves, which is as of this turn. */
function caughtUp(followed: FollowedRoom, peerId: PeerId, missed: Missed | undefined) {
  if (missed && isAt(missed, followed.position)) return missed;
  const snapshot = followed.pictureFor(peerId);
  const { epoch, seq } = snapshot;
  return { epoch, seq, snapshot };
}
