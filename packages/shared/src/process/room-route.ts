import { SluiceError } from '../base/errors.ts';
import type { RoomId } from '../base/ids.ts';
import type { OpsRoute } from './ops-server.ts';

/** The most entries of each list in an answer. A larger room's answer says how many entries were left out. */
export const mostListed = 1000;

/** `GET /rooms/{room}` on the private port: what this process holds of the room. Empty lists where it holds nothing. */
export function roomRoute(describe: (room: RoomId) => unknown): Record<string, OpsRoute> {
  return { 'GET /rooms/{room}': (_query, [name = '']) => describe(readRoom(name)) };
}

function readRoom(name: string): RoomId {
  try {
    // As `fields.roomId` does with what clients send.
    return decodeURIComponent(name).normalize('NFC') as RoomId;
  } catch {
    throw new SluiceError('badRequest', 'The name of the room is not percent-encoded UTF-8.', {
      details: { path: 'room' },
    });
  }
}
