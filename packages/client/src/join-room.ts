import type { Json } from '@sluice/shared/protocol';
import { Connection, type ConnectionOptions } from './connection.ts';
import { Room, type RoomOptions } from './room.ts';

export interface JoinOptions extends ConnectionOptions, RoomOptions {
  /** The gateway's WebSocket, `ws://` or `wss://`, path `/ws`. */
  url: string;
  /** At most 128 printable characters without braces. A room is born by its first join. */
  room: string;
  /** What the others see, of at most 128 characters. */
  name?: string;
  /** Any JSON of at most 4,096 bytes, seen by the others. */
  metadata?: Json;
  token?: string;
  /** Where the media should enter the cluster. */
  region?: string;
  /** A node by its id: only with an admin's grant, or in development. */
  node?: string;
}

/** What this client understands beyond the seed's protocol. */
const features: string[] = [];

/**
 * Joins in one round trip. Listeners that are set before the next `await` hear every event from the join on.
 * Rejects with a `SluiceClientError`: `unreachable`, `timedOut`, or the server's code.
 */
export async function joinRoom(options: JoinOptions): Promise<Room> {
  const { url, deadlineMs: _, WebSocket: _w, autoSubscribe: _a, ...fields } = options;
  const connection = await Connection.open(url, options);
  try {
    const joined = await connection.request('join', { ...fields, features, transports: true });
    return new Room(connection, joined, options);
  } catch (error) {
    connection.close();
    throw error;
  }
}
