import type { TransportParameters } from '@sluice/shared/protocol';
import type { types } from 'mediasoup';
import type { SliceRouter } from './slice-router.ts';

export type Direction = 'send' | 'recv';

/** Seen from the client: it produces on a `send` transport and consumes on a `recv` one. */
export interface PeerTransport {
  direction: Direction;
  transport: types.WebRtcTransport;
  /** Its client has asked to connect it. */
  asked: boolean;
  /** Its client has restarted ICE, and has not come by a new way yet. */
  restarting: boolean;
}

/**
 * ICE consent, in seconds: mediasoup's least. Longer goes on sending to a client that vanished; a client that
 * is gone is noticed sooner by its WebSocket.
 */
const iceConsentSeconds = 10;

export async function createPeerTransport(
  router: SliceRouter,
  options: { direction: Direction; sctp: boolean; initialOutgoingBitrate: number },
): Promise<PeerTransport> {
  const transport = await router.router.createWebRtcTransport({
    webRtcServer: router.worker.webRtcServer,
    enableUdp: true,
    enableTcp: true,
    preferUdp: true,
    iceConsentTimeout: iceConsentSeconds,
    initialAvailableOutgoingBitrate: options.initialOutgoingBitrate,
    enableSctp: options.sctp,
  });
  return { direction: options.direction, transport, asked: false, restarting: false };
}

/** What the client needs to build its end. */
export function transportParameters({ transport }: PeerTransport): TransportParameters {
  const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
  return { id, iceParameters, iceCandidates, dtlsParameters, ...(sctpParameters && { sctpParameters }) };
}
