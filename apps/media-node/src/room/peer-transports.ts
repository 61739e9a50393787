import type { Clock, TransportId } from '@sluice/shared';
import type { NodeConfig } from '../config.ts';
import { createPeerTransport, type Direction, type PeerTransport } from '../mediasoup/transports.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Peer } from './peer.ts';
import type { PeerPlace } from './peer-place.ts';

/** A transport that its client never connected is an orphan of a lost answer; after this long, in ms, it goes. */
const connectWithinMs = 30_000;

export interface PeerTransportsOptions {
  readonly clock: Clock;
  readonly config: NodeConfig;
  readonly metrics: NodeMetrics;
}

/** A transport of a peer, on the peer's router; a new router if its own has died. */
export async function createTransport(
  node: PeerTransportsOptions,
  { slice, peer }: PeerPlace,
  options: { direction: Direction; sctp: boolean },
): Promise<PeerTransport> {
  peer.assertRoomFor('transports');
  if (peer.router.closed) await changeRouter({ slice, peer });
  const { initialOutgoingBitrate } = node.config;
  const made = await createPeerTransport(peer.router, { ...options, initialOutgoingBitrate });
  if (peer.closed) made.transport.close();
  peer.assertOpen();
  adopt(node, peer, made);
  return made;
}

/** Two transports that are made at once end up on the same router. */
async function changeRouter({ slice, peer }: PeerPlace): Promise<void> {
  const router = await slice.routerForPeer();
  peer.assertOpen();
  if (peer.router.closed) peer.moveTo(router);
}

/** Makes a transport the peer's until it closes, and counts what becomes of it. */
function adopt({ clock, metrics }: PeerTransportsOptions, peer: Peer, made: PeerTransport): void {
  const { transport } = made;
  const id = transport.id as TransportId;
  peer.transports.set(id, made);
  const orphaned = clock.setTimer(() => {
    if (transport.dtlsState === 'new') transport.close();
  }, connectWithinMs);
  transport.observer.once('close', () => {
    orphaned.cancel();
    peer.transports.delete(id);
  });
  transport.on('iceselectedtuplechange', ({ protocol }) => metrics.iceSelected.inc({ protocol }));
  transport.on('dtlsstatechange', (state) => {
    if (state === 'failed') metrics.dtlsFailures.inc();
  });
}
