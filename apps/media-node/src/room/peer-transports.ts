import type { TransportId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { type NodeConfig, peerLimits } from '../config.ts';
import { askForKeyFrames } from '../mediasoup/key-frames.ts';
import { createPeerTransport, type Direction, type PeerTransport } from '../mediasoup/transports.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Peer } from './peer.ts';
import type { PeerPlace } from './peer-place.ts';

export interface PeerTransportsOptions {
  readonly config: NodeConfig;
  readonly metrics: NodeMetrics;
}

/**
 * A transport of a peer, on the peer's router; a new router if its own has died. It stays until the peer leaves, gives it
 * back or closes its DTLS, however late it is first used. Where ICE fails it stays too: an ICE restart brings it back.
 *
 * @throws limitExceeded when the peer has its full number of transports, all of them in use.
 */
export async function createTransport(
  node: PeerTransportsOptions,
  place: PeerPlace,
  options: { direction: Direction; sctp: boolean },
): Promise<PeerTransport> {
  const { peer } = place;
  makeRoom(place);
  if (peer.router.closed) await changeRouter(place);
  const { initialOutgoingBitrate } = node.config;
  const made = await createPeerTransport(peer.router, { ...options, initialOutgoingBitrate });
  try {
    peer.assertOpen();
    // Others may have been made meanwhile.
    makeRoom(place);
  } catch (error) {
    made.transport.close();
    throw error;
  }
  adopt(node, place, made);
  return made;
}

/** Two transports that are made at once end up on the same router. */
async function changeRouter({ slice, peer }: PeerPlace): Promise<void> {
  const router = await slice.routerForPeer();
  peer.assertOpen();
  if (peer.router.closed) peer.moveTo(router);
}

/** One for each direction, both with SCTP; none where one of them can't be made. */
export async function createTransportPair(node: PeerTransportsOptions, place: PeerPlace) {
  const [send, recv] = await Promise.allSettled([
    createTransport(node, place, { direction: 'send', sctp: true }),
    createTransport(node, place, { direction: 'recv', sctp: true }),
  ]);
  if (send.status === 'fulfilled' && recv.status === 'fulfilled') return { send: send.value, recv: recv.value };
  for (const made of [send, recv]) if (made.status === 'fulfilled') made.value.transport.close();
  throw send.status === 'rejected' ? send.reason : (recv as PromiseRejectedResult).reason;
}

/** The client gives a transport back. Nothing is told: it is the client's wish. */
export function giveBack({ peer }: PeerPlace, transportId: TransportId): void {
  const { transport } = peer.transport(transportId);
  peer.transports.delete(transportId);
  transport.close();
}

/** At the limit the least useful transport is closed: an answer that was lost leaves one that no client knows of. */
function makeRoom({ peer, slice }: PeerPlace): void {
  if (peer.transports.size < peerLimits.transports) return;
  const [least] = [...peer.transports].toSorted(([, one], [, other]) => useOf(one) - useOf(other));
  if (!least || useOf(least[1]) === inUse) {
    throw new SluiceError('limitExceeded', `A peer may have ${peerLimits.transports} transports.`, {
      details: { limit: 'transports' },
    });
  }
  const [transportId, { transport }] = least;
  peer.transports.delete(transportId);
  transport.close();
  slice.tell(peer, { type: 'transportClosed', transportId, reason: 'limit' });
}

const inUse = 3;

/** 0: its client never connected it. 1: no way to its client was found yet. 2: the way was lost. 3: it is in use. */
function useOf({ asked, transport }: PeerTransport): number {
  if (!asked) return 0;
  if (transport.dtlsState !== 'connected') return 1;
  return transport.iceState === 'disconnected' ? 2 : inUse;
}

/** The client is back by another way: pictures that broke off go on with key frames, which browsers ask for only after 3 s. */
function beginAnew(peer: Peer, made: PeerTransport): void {
  made.restarting = false;
  if (made.direction === 'recv') askForKeyFrames([...peer.consumers.values()].map(({ consumer }) => consumer));
  else for (const producerId of peer.producers.keys()) askForKeyFrames(peer.router.consumersOf(producerId));
}

/** Makes a transport the peer's until it closes, and counts what becomes of it. */
function adopt({ metrics }: PeerTransportsOptions, { slice, peer }: PeerPlace, made: PeerTransport): void {
  const { transport } = made;
  const transportId = transport.id as TransportId;
  peer.transports.set(transportId, made);
  transport.observer.once('close', () => {
    // It went with its worker: the client is told behind the notice of its next place.
    if (peer.transports.delete(transportId) && peer.router.closed) peer.lostTransports.push(transportId);
  });
  transport.on('iceselectedtuplechange', ({ protocol }) => {
    metrics.iceSelected.inc({ protocol });
    if (made.restarting) beginAnew(peer, made);
  });
  transport.on('icestatechange', (state) => {
    if (state === 'disconnected') metrics.iceDisconnected.inc();
  });
  transport.on('dtlsstatechange', (state) => {
    if (state === 'failed') metrics.dtlsFailures.inc();
    if (state !== 'failed' && state !== 'closed') return;
    // It can't come back: the client closed its end, or is not the one that it said it is.
    if (!peer.transports.delete(transportId)) return;
    transport.close();
    slice.tell(peer, {
      type: 'transportClosed',
      transportId,
      reason: state === 'failed' ? 'dtlsFailed' : 'dtlsClosed',
    });
  });
}
