import type { JoinedReply, TransportParameters } from '@sluice/shared/protocol';
import { initLogger, PeerConnection, type Track } from 'node-datachannel';
import { Exchange } from '../exchange.ts';
import { localDtlsParameters } from '../../support/native/sdp.ts';

export interface PeerOptions {
  url: string;
  room: string;
  /** Where to be: `node` on a cluster's gateway, `worker` on the seed's server. */
  place?: { node?: string; worker?: number };
}

const configuration = {
  iceServers: [],
  disableAutoNegotiation: true,
  forceMediaTransport: true,
  bindAddress: '127.0.0.1',
};
const connectWithinMs = 10_000;

export function openConnection(name: string): PeerConnection {
  return new PeerConnection(name, configuration);
}

export async function enter(exchange: Exchange, { room, place }: PeerOptions): Promise<JoinedReply> {
  return exchange.ask('join', { room, ...place });
}

/** A peer that takes a place in a room and does nothing there. */
export async function bystand(options: PeerOptions): Promise<Exchange> {
  const exchange = await Exchange.open(options.url);
  await enter(exchange, options);
  return exchange;
}

/** Resolves when ICE and DTLS are through. To be called before the connection begins, so that nothing is missed. */
export function connected(connection: PeerConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('A native peer did not connect.')), connectWithinMs);
    connection.onStateChange((state) => {
      if (state === 'connecting') return;
      clearTimeout(timer);
      if (state === 'connected') resolve();
      else reject(new Error(`A native peer is ${state}.`));
    });
  });
}

/** A track opens a moment after its connection. To be called before that begins, like `connected`. */
export function opened(track: Track): Promise<void> {
  return new Promise((resolve) => track.onOpen(resolve));
}

/** Tells the server our side of DTLS. */
export async function connectTransport(
  exchange: Exchange,
  { id: transportId }: TransportParameters,
  connection: PeerConnection,
  role: 'producer' | 'consumer',
): Promise<void> {
  const local = connection.localDescription();
  if (!local) throw new Error('There is no local description.');
  await exchange.ask('connectTransport', { transportId, dtlsParameters: localDtlsParameters(local.sdp), role });
}

const profiles = new Map<string, number>();

/** Counts the SRTP profiles that handshakes from now on end with: the library tells them to its log alone. */
export function watchSrtpProfiles(): ReadonlyMap<string, number> {
  initLogger('Debug', (_level, message) => {
    const [, profile] = /SRTP profile is: SRTP_(\w+)/.exec(message) ?? [];
    if (profile !== undefined) profiles.set(profile, (profiles.get(profile) ?? 0) + 1);
  });
  return profiles;
}
