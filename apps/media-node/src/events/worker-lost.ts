import type { Owner } from '@sluice/shared';
import { jittered, SluiceError } from '@sluice/shared';
import type { MoveEvent, RtpCapabilities } from '@sluice/shared/protocol';
import { consumeAgain } from '../viewing/consume.ts';
import type { SliceRouter } from '../mediasoup/slice-router.ts';
import { transportParameters } from '../mediasoup/transports.ts';
import { expectMove, type MoveNoticeOptions } from '../moving/move-notice.ts';
import type { PeerPlace } from '../room/peer-place.ts';
import { createTransportPair, type PeerTransportsOptions } from '../room/peer-transports.ts';
import type { Slice } from '../room/slice.ts';

/**
 * When a peer that found no other router is tried again, in ms after the try before: where its worker was the only one,
 * another is being started. After the last one its client is left to itself.
 */
const triesAfterMs = [100, 200, 400, 800, 1600, 3200] as const;

export interface WorkerLostOptions extends MoveNoticeOptions, PeerTransportsOptions {
  readonly owner: Owner;
}

/** A peer whose router is gone. */
interface LostRouter extends PeerPlace {
  lostAt: number;
  /** Where the peer is as long as only this loss has moved it: the lost router, or the one that the last try chose. */
  router: SliceRouter;
}

/**
 * A worker died and its router with it. The peers that were on it get another router at once: their new transports, and
 * consumers of all that they watched, ride on the notice. The room is told that their producers are lost; everyone who
 * understands keeps the last frame until the publishers have produced again.
 */
export async function leaveLostRouter(node: WorkerLostOptions, slice: Slice, router: SliceRouter): Promise<void> {
  const lostAt = node.clock.now();
  const peers = slice.present().filter((peer) => peer.router === router && !peer.closed);
  const lost = peers.flatMap((peer) => [...peer.producers.values()]);
  for (const own of lost) slice.producers.lose(own);
  const changes = lost.map(({ record }) => ({
    type: 'removeProducer' as const,
    producerId: record.producerId,
    reason: 'workerLost',
  }));
  const told = changes.length > 0 ? slice.commit(...changes).catch(() => undefined) : undefined;
  await Promise.all(peers.map((peer) => moveToAnotherRouter(node, { slice, peer, lostAt, router })));
  await told;
}

/** In the peer's mailbox, which is free between two tries: what is asked meanwhile is answered. */
function moveToAnotherRouter(node: WorkerLostOptions, lost: LostRouter, attempt = 0): Promise<void> {
  return lost.peer.mailbox.runAlways(() => attemptMove(node, lost, attempt));
}

async function attemptMove(node: WorkerLostOptions, lost: LostRouter, attempt: number): Promise<void> {
  const { slice, peer, lostAt } = lost;
  if (peer.closed) return;
  if (peer.movedAway) return tellLostTransports(lost);
  try {
    const router = await slice.routerForPeer();
    peer.assertOpen();
    // Between two tries this peer's next worker died too, and that loss has moved it: a second notice would have it
    // publish everything twice.
    if (peer.router !== lost.router) return tellLostTransports(lost);
    peer.moveTo(router);
    lost.router = router;
    const notice = await moveNotice(node, { slice, peer });
    slice.tell(peer, notice);
    expectMove(node, { slice, peer }, notice, lostAt);
    node.metrics.moves.inc({ reason: 'workerLost', result: 'ok' });
  } catch (error) {
    const afterMs = triesAfterMs[attempt];
    if (afterMs !== undefined) {
      node.clock.setTimer(() => void moveToAnotherRouter(node, lost, attempt + 1), jittered(afterMs, 0.3));
      return;
    }
    // Its client knows that its transports are gone, and may ask for new ones.
    peer.lostConsumers.length = 0;
    node.metrics.moves.inc({ reason: 'workerLost', result: SluiceError.from(error).code });
  }
  tellLostTransports(lost);
}

/** Behind the notice: a client that knows of its new place builds there first. */
function tellLostTransports({ slice, peer }: PeerPlace): void {
  for (const transportId of peer.lostTransports.splice(0)) {
    slice.tell(peer, { type: 'transportClosed', transportId, reason: 'workerLost' });
  }
}

async function moveNotice(node: WorkerLostOptions, { slice, peer }: PeerPlace): Promise<MoveEvent> {
  const { send, recv } = await createTransportPair(node, { slice, peer });
  const consumers = await consumeAgain({ slice, peer }, recv.transport, peer.lostConsumers.splice(0));
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
