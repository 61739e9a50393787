import { type Direction, type RoomEnd, SluiceClientError, type TriedWay } from '@sluice/client';
import { mediaDevices } from './dom.ts';

export type Device = 'camera' | 'microphone' | 'screen';

const serverSentences: Partial<Record<SluiceClientError['code'], string>> = {
  unreachable: 'The server cannot be reached. It may be restarting; try again in a moment.',
  connectionLost: 'The connection to the server was lost.',
  timedOut: 'The server did not answer in time.',
  unsupported: 'This browser cannot take part: it has no WebRTC that we know of.',
  mediaFailed: 'The media connection could not be made. A firewall may be in the way.',
  roomFull: 'This room is full.',
  unauthorized: 'This link is not valid, or no longer.',
  forbidden: 'You may not do that in this room.',
  noCapacity: 'The cluster has no room for another person just now.',
  nodeUnavailable: 'The media node for this room is away. Try again in a moment.',
  coordinatorUnavailable: 'The cluster is finding itself again. Try again in a moment.',
  tooManyRequests: 'Too much at once. Try again in a moment.',
};

const endSentences: Record<RoomEnd['reason'], string> = {
  left: '',
  roomClosed: 'The room was closed.',
  connectionLost: 'The connection to the server was lost.',
  resumeRejected: 'The connection was away for too long.',
  kicked: 'You were removed from the room.',
  unauthorized: 'This link is not valid, or no longer.',
  resumedElsewhere: 'You joined from another window, and left here.',
  protocolAbuse: 'The server ended the connection.',
};

/** Any error, as something to tell a person. */
export function sentenceFor(error: unknown): string {
  if (error instanceof SluiceClientError) return serverSentences[error.code] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

export function sentenceForEnd(end: RoomEnd): string {
  return endSentences[end.reason];
}

/** While another way is looked for. */
export function sentenceForInterruptedMedia(directions: readonly Direction[]): string {
  if (directions.length > 1) return 'The connection for picture and sound is interrupted. Looking for another way…';
  return directions[0] === 'send'
    ? 'The connection that carries your picture and sound is interrupted. Looking for another way…'
    : 'The connection that brings the others is interrupted. Looking for another way…';
}

/** What is wrong, what was tried, and what a person can do. */
export function sentenceForFailedMedia(tried: readonly TriedWay[]): string {
  const direct = tried.filter(({ by }) => by !== 'turn');
  if (direct.length > 0 && direct.every(({ address }) => isLoopback(address)) && tried.length === direct.length) {
    return (
      'There is no connection for picture and sound: the server is reached at this machine alone, and this browser does not ' +
      'connect to it there. Start it with --host and an address of this machine, or use Chromium.'
    );
  }
  const known = tried.length > 0 ? ` Tried: ${waysOf(tried)}.` : '';
  const advice = tried.some(({ by }) => by === 'turn')
    ? 'Try another network, or switch a VPN off.'
    : 'A firewall may be in the way: try another network, switch a VPN off, or ask for a TURN server.';
  return `There is no connection for picture and sound.${known} ${advice} It goes on being tried.`;
}

function waysOf(tried: readonly TriedWay[]): string {
  const names = { udp: 'UDP', tcp: 'TCP', turn: 'TURN' } as const;
  const kinds = [...new Set(tried.map(({ by }) => by))];
  const addressesOf = (kind: TriedWay['by']): string =>
    tried
      .filter(({ by }) => by === kind)
      .map(({ address }) => address)
      .join(', ');
  return kinds.map((kind) => `${names[kind]} to ${addressesOf(kind)}`).join('; ');
}

const isLoopback = (address: string): boolean => /^127\.|^::1$|^localhost$/.test(address);

/** Why a device could not be used. Undefined when the person has closed the picker: that needs no telling. */
export function sentenceForDevice(device: Device, error: unknown): string | undefined {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' && device === 'screen') return undefined;
  if (name === 'NotAllowedError') {
    return `The browser may not use the ${device}. Allow it in the site settings beside the address, then switch it on.`;
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return `No ${device} was found.`;
  if (name === 'NotReadableError') return `The ${device} is in use by another program.`;
  if (!mediaDevices()) return `The ${device} needs a secure page: open this one by https or on localhost.`;
  return `The ${device} did not start: ${sentenceFor(error)}`;
}
