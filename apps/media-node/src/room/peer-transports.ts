import type { TransportId } from '@sluice/shared';
import type { PeerTransport } from '../mediasoup/transports.ts';
import type { MediaNode } from '../media-node.ts';
import type { Peer } from './peer.ts';

/** A transport that its client never connected is an orphan of a lost answer; after this long, in ms, it goes. */
const connectWithinMs = 30_000;

/** Makes a transport the peer's until it closes, and counts what becomes of it. */
export function adoptTransport({ clock, metrics }: MediaNode, peer: Peer, made: PeerTransport): void {
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
