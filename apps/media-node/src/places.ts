import type { ProducerId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { MoveEvent, RtpCapabilities } from '@sluice/shared/protocol';
import { consumeAgain } from './consuming.ts';
import type { SliceRouter } from './media/slice-router.ts';
import { transportParameters } from './media/transports.ts';
import type { MediaNode } from './media-node.ts';
import type { Peer } from './peer.ts';
import type { Slice } from './slice.ts';

/**
 * How long a place is kept for a peer that moved away and never said that it stands, in ms: longer than any move's
 * deadline, since the gateway that watches that one may be gone.
 */
const abandonedAfterMs = 45_000;

/** The peer has gone to another node: here it only waits to be released, or to be forgotten. */
export function markMoved(node: MediaNode, slice: Slice, peer: Peer): void {
  if (peer.movedAway) return;
  peer.movedAway = true;
  node.drain.moved();
  peer.grace?.cancel();
  peer.grace = node.clock.setTimer(() => void releasePlace(node, slice, peer, 'moved'), abandonedAfterMs);
}

/** Lets go what a peer has here, its place in the room untouched. */
export async function releasePlace(node: MediaNode, slice: Slice, peer: Peer, reason: string): Promise<void> {
  const changes = [...peer.producers.keys()].map((producerId: ProducerId) => ({
    type: 'removeProducer' as const,
    producerId,
    reason,
  }));
  for (const transportId of [...peer.transports.keys()]) {
    slice.tell(peer, { type: 'transportClosed', transportId, reason });
  }
  if (changes.length > 0) await slice.commit(...changes).catch(() => undefined);
  slice.discard(peer);
  node.slices.settle(slice);
}

/** The session is lost: the peer stays as it is for a while, so that another gateway can take it up. */
export function detach(node: MediaNode, slice: Slice, peer: Peer): void {
  peer.detached = true;
  peer.grace?.cancel();
  peer.grace = node.clock.setTimer(() => {
    slice.remove(peer, 'disconnected').then(
      () => node.slices.settle(slice),
      // The sweep takes out of the directory who is not here any more.
      () => node.slices.settle(slice),
    );
  }, node.config.resumeWindowMs);
}

/**
 * A worker died and its router with it. The peers that were on it get another router at once: their new transports, and
 * consumers of all that they watched, ride on the notice. The room is told that their producers are lost; everyone who
 * understands keeps the last frame until the publishers have produced again.
 */
export async function leaveRouter(node: MediaNode, slice: Slice, router: SliceRouter): Promise<void> {
  const peers = [...slice.peers.values()].filter((peer) => peer.router === router && !peer.closed);
  const lost = peers.flatMap((peer) => [...peer.producers.values()]);
  for (const own of lost) slice.loseProducer(own);
  const changes = lost.map(({ record }) => ({
    type: 'removeProducer' as const,
    producerId: record.producerId,
    reason: 'workerLost',
  }));
  const told = changes.length > 0 ? slice.commit(...changes).catch(() => undefined) : undefined;
  await Promise.all(peers.map((peer) => peer.mailbox.runAlways(() => replant(node, slice, peer))));
  await told;
}

async function replant(node: MediaNode, slice: Slice, peer: Peer): Promise<void> {
  if (peer.closed || peer.movedAway) return;
  const gone = [...peer.transports.keys()];
  peer.transports.clear();
  try {
    peer.moveTo(await slice.routerForPeer());
    slice.tell(peer, await moveNotice(node, slice, peer));
    node.metrics.moves.inc({ reason: 'workerLost', result: 'ok' });
  } catch (error) {
    node.metrics.moves.inc({ reason: 'workerLost', result: SluiceError.from(error).code });
  }
  for (const transportId of gone) slice.tell(peer, { type: 'transportClosed', transportId, reason: 'workerLost' });
}

async function moveNotice(node: MediaNode, slice: Slice, peer: Peer): Promise<MoveEvent> {
  const carried = peer.uprooted.splice(0);
  const [send, recv] = await Promise.all([
    node.createTransport(slice, peer, { direction: 'send', sctp: true }),
    node.createTransport(slice, peer, { direction: 'recv', sctp: true }),
  ]);
  const consumers = await consumeAgain({ slice, peer }, recv.transport, carried);
  for (const { id } of consumers) peer.replacements.add(id as Parameters<typeof peer.replacements.add>[0]);
  return {
    type: 'move',
    reason: 'workerLost',
    deadlineMs: 0,
    rtpCapabilities: peer.router.router.rtpCapabilities as RtpCapabilities,
    producerTransport: transportParameters(send),
    consumerTransport: transportParameters(recv),
    consumers,
  };
}
