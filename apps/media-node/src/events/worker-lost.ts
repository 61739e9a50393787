import { jittered, SluiceError } from '@sluice/shared';
import type { MoveEvent, RtpCapabilities } from '@sluice/shared/protocol';
import { consumeAgain } from '../viewing/consume.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import { transportParameters } from '../mediasoup/transports.ts';
import type { MediaNode } from '../media-node.ts';
import type { Peer } from '../room/peer.ts';
import { expectMove } from '../moving/move-notice.ts';
import type { Slice } from '../room/slice.ts';

/**
 * When a peer that found no other router is tried again, in ms after the try before: where its worker was the only one,
 * another is being started. After the last one its client is left to itself.
 */
const triesAfterMs = [100, 200, 400, 800, 1600, 3200] as const;

/** A peer whose router is gone, and what its client has to be told of that. */
interface Uprooted {
  slice: Slice;
  peer: Peer;
  /** Its transports, which went with the router. */
  gone: string[];
  lostAt: number;
}

/**
 * A worker died and its router with it. The peers that were on it get another router at once: their new transports, and
 * consumers of all that they watched, ride on the notice. The room is told that their producers are lost; everyone who
 * understands keeps the last frame until the publishers have produced again.
 */
export async function leaveRouter(node: MediaNode, slice: Slice, router: SliceRouter): Promise<void> {
  const lostAt = node.clock.now();
  const peers = [...slice.peers.values()].filter((peer) => peer.router === router && !peer.closed);
  const lost = peers.flatMap((peer) => [...peer.producers.values()]);
  for (const own of lost) slice.loseProducer(own);
  const changes = lost.map(({ record }) => ({
    type: 'removeProducer' as const,
    producerId: record.producerId,
    reason: 'workerLost',
  }));
  const told = changes.length > 0 ? slice.commit(...changes).catch(() => undefined) : undefined;
  await Promise.all(
    peers.map((peer) => {
      const gone = [...peer.transports.keys()];
      peer.transports.clear();
      return replant(node, { slice, peer, gone, lostAt });
    }),
  );
  await told;
}

/** In the peer's mailbox, which is free between two tries: what is asked meanwhile is answered. */
function replant(node: MediaNode, uprooted: Uprooted, attempt = 0): Promise<void> {
  return uprooted.peer.mailbox.runAlways(() => attemptReplant(node, uprooted, attempt));
}

async function attemptReplant(node: MediaNode, uprooted: Uprooted, attempt: number): Promise<void> {
  const { slice, peer, lostAt } = uprooted;
  if (peer.closed || peer.movedAway) return;
  try {
    peer.moveTo(await slice.routerForPeer());
    const notice = await moveNotice(node, slice, peer);
    slice.tell(peer, notice);
    expectMove(node, slice, peer, notice, lostAt);
    node.metrics.moves.inc({ reason: 'workerLost', result: 'ok' });
  } catch (error) {
    const afterMs = triesAfterMs[attempt];
    if (afterMs !== undefined) {
      node.clock.setTimer(() => void replant(node, uprooted, attempt + 1), jittered(afterMs, 0.3));
      return;
    }
    node.metrics.moves.inc({ reason: 'workerLost', result: SluiceError.from(error).code });
  }
  for (const transportId of uprooted.gone) {
    slice.tell(peer, { type: 'transportClosed', transportId, reason: 'workerLost' });
  }
}

async function moveNotice(node: MediaNode, slice: Slice, peer: Peer): Promise<MoveEvent> {
  const [send, recv] = await Promise.all([
    node.createTransport(slice, peer, { direction: 'send', sctp: true }),
    node.createTransport(slice, peer, { direction: 'recv', sctp: true }),
  ]);
  const consumers = await consumeAgain({ slice, peer }, recv.transport, peer.uprooted.splice(0));
  return {
    type: 'move',
    node: node.owner.node,
    reason: 'workerLost',
    deadlineMs: 0,
    rtpCapabilities: peer.router.router.rtpCapabilities as RtpCapabilities,
    producerTransport: transportParameters(send),
    consumerTransport: transportParameters(recv),
    consumers,
  };
}
