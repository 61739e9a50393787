import type { NodeId, PeerRecord } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { MoveReason } from '@sluice/shared/protocol';
import { isNodesFault } from '../actions/admission.ts';
import type { Placement } from '../nodes/placements.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session/session.ts';
import type { Joined } from '../session/state.ts';

/** Why a peer has to move, and when that was decided, on this process's clock. */
export interface Decision {
  reason: MoveReason;
  decidedAt: number;
  /** Nodes where it has failed; this one is added where it does again. */
  avoid: Set<NodeId>;
}

/** One try at a move, in ms. */
const attemptMs = 2000;
/**
 * How long the old place of a drained peer is kept for a client that doesn't say `moved`, in ms. Longer lets slow uplinks
 * overlap; shorter ends the drain sooner.
 */
const overlapMs = 10_000;

/**
 * Gives a peer another place: the new node takes it over, builds its transports and consumes for it what it consumed,
 * and all of that rides on the notice. From then on the client's actions reach the new place; the old one, if it lives,
 * stays until the client stands or its time is up.
 *
 * @throws noCapacity, nodeUnavailable, …: nothing has changed, and it may be tried again.
 */
export async function movePeer(session: Session, services: Services, decision: Decision): Promise<void> {
  const { reason, decidedAt, avoid } = decision;
  const place = session.place();
  if (!place) return;
  const before = session.joined();
  const wish = { present: before.followed.presentNodes(), region: services.config.region, wanted: undefined, avoid };
  const placement = services.placements.choose(wish);
  const result = await take(
    services,
    before,
    { node: place.node, boot: place.boot, sessionId: place.sessionId, reason },
    placement,
  ).catch((error: unknown) => {
    avoid.add(placement.node.id);
    throw error;
  });
  if (!session.open || session.state !== before) {
    // It left, was lost, or spoke through another gateway, while the new node was asked.
    const peer = { ...before, address: placement.node.address };
    void (session.lost ? services.departures.detach(peer) : services.departures.leave(peer, 'disconnected'));
    throw new SluiceError('peerNotFound', 'The session ended meanwhile.');
  }
  const old = reason === 'drain' ? oldPlace(services, before) : undefined;
  before.old?.release();
  session.moveTo({ ...before, node: placement.node.id, address: placement.node.address, old });
  // What was still asked of the old one after it was lost would hold up what is asked of the new one.
  if (reason === 'nodeLost') services.nodes.abandon(before.address);
  if (result.move) session.notice(result.move);
  services.moveTimes.told(session, reason, decidedAt);
}

type From = Pick<PeerRecord, 'node' | 'boot' | 'sessionId'> & { reason: MoveReason };

async function take(services: Services, before: Joined, from: From, placement: Placement) {
  const { nodes, clock } = services;
  const { peerId, media, features, resumeHash, followed } = before;
  const { name, metadata } = followed.feed.view.peers.get(peerId) ?? {};
  const peer = { ...before, address: placement.node.address };
  try {
    const result = await nodes.call(
      peer,
      'joinPeer',
      {
        gateway: nodes.inbox,
        resumeHash,
        features,
        transports: true,
        from: { ...from, deadlineMs: from.reason === 'drain' ? overlapMs : 0 },
        consumers: media.carried(),
        ...(media.rtpCapabilities && { rtpCapabilities: media.rtpCapabilities }),
        ...(name !== undefined && { name }),
        ...(metadata !== undefined && { metadata }),
      },
      clock.now() + attemptMs,
    );
    placement.arrived();
    return result;
  } catch (error) {
    if (isNodesFault(error)) placement.missed();
    else placement.failed();
    throw error;
  }
}

/** What the peer had before, released when the client says so, or when its time is up. */
function oldPlace({ nodes, clock, log }: Services, before: Joined) {
  const peer = { ...before };
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    timer.cancel();
    nodes.call(peer, 'releasePeer', {}, clock.now() + attemptMs).catch((error: unknown) => {
      // The old node forgets the place by itself some time later.
      log.debug({ code: SluiceError.from(error).code }, 'An old place could not be released.');
    });
  };
  const timer = clock.setTimer(release, overlapMs);
  return { address: before.address, release };
}
