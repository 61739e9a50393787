import { timingSafeEqual } from 'node:crypto';
import { drainServed, type PeerRecord, SluiceError } from '@sluice/shared';
import { confirmMove, pendingNotice } from '../moving/move-notice.ts';
import { releaseMedia } from '../moving/old-place.ts';
import { detach } from '../moving/resume-window.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import type { Services } from './services.ts';
import { nothing, onLeavingPeer, type Operation } from './table.ts';

export const detachPeer: Operation<'detachPeer'> = onLeavingPeer<'detachPeer'>(async (place, _, node) => {
  detach(node, place, 'session');
  return nothing;
});

/** Unlike all others this one comes from a session that the peer doesn't know yet: the token is its word. */
export const attachPeer: Operation<'attachPeer'> = async (node, { room, peerId, sessionId, gateway, resumeHash }) => {
  const slice = node.slices.get(room);
  const peer = slice?.peers.get(peerId);
  if (!slice || !peer || peer.movedAway) throw new SluiceError('peerNotFound', 'This peer is not here.');
  // A peer with a full mailbox is resumed all the same: its gateway limits who may try.
  return peer.mailbox.runAlways(async () => {
    peer.assertOpen();
    if (!sameText(peer.record.resumeHash, resumeHash))
      throw new SluiceError('resumeRejected', 'The token is not the one.');
    const wasDetached = peer.detached;
    const { connection: _, ...record } = peer.record;
    await attach(node, { slice, peer }, { ...record, gateway, sessionId });
    const move = pendingNotice(peer);
    return {
      consumers: peer.carriedConsumers(),
      producerIds: [...peer.producers.keys()],
      wasDetached,
      ...(peer.rtpCapabilities && { rtpCapabilities: peer.rtpCapabilities }),
      ...(move && { move }),
    };
  });
};

/** From here on the resume window is stopped; it begins anew where the directory can't be told. */
async function attach(node: Services, place: PeerPlace, record: PeerRecord): Promise<void> {
  const { slice, peer } = place;
  const { detachCause } = peer;
  peer.attach();
  try {
    await peer.changeRecord(record, async () => {
      await slice.write({ type: 'updatePeer', peer: record });
      peer.assertOpen();
    });
  } catch (error) {
    if (detachCause) detach(node, place, detachCause);
    throw error;
  }
}

export const releasePeer: Operation<'releasePeer'> = onLeavingPeer<'releasePeer'>(async (place, _, node) => {
  if (place.peer.movedAway) await releaseMedia(node, place, 'moved');
  else confirmMove(node, place.peer);
  return nothing;
});

export const drain: Operation<'drain'> = (node, params) => drainServed(node.drain).drain(params);

export const cancelDrain: Operation<'cancelDrain'> = (node) => drainServed(node.drain).cancelDrain();

export const drainStatus: Operation<'drainStatus'> = (node) => drainServed(node.drain).drainStatus();

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
