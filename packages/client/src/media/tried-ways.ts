import type { TransportParameters } from '@sluice/shared/protocol';

/** A way that a transport could go: straight to the node by UDP or TCP, or over a TURN server. */
export interface TriedWay {
  by: 'udp' | 'tcp' | 'turn';
  /** The node's address, or the TURN server's URL. */
  address: string;
}

/** The ways that the server has offered for a transport, each once. */
export function waysOf({ iceCandidates }: TransportParameters, iceServers: readonly RTCIceServer[]): TriedWay[] {
  const direct = iceCandidates.map(({ protocol, address }) => ({ by: protocol, address }) as const);
  const relayed = iceServers.flatMap(({ urls }) => urls).filter((url) => /^turns?:/.test(url));
  const ways: TriedWay[] = [...direct, ...relayed.map((address) => ({ by: 'turn', address }) as const)];
  return [...new Map(ways.map((way) => [`${way.by} ${way.address}`, way])).values()];
}
