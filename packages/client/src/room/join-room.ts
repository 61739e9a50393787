import type { Json } from '@sluice/shared/protocol';
import { Connection, type ConnectionOptions } from '../line/connection.ts';
import { SluiceClientError } from '../base/errors.ts';
import { shuffled } from '../line/reconnect.ts';
import { type PeerIdentity, Room, type RoomOptions } from './room.ts';

export interface JoinOptions extends ConnectionOptions, RoomOptions {
  /** The gateway's WebSocket, `ws://` or `wss://`, path `/ws`. Of several the first that answers; a lost one's successor. */
  url: string | readonly string[];
  /** At most 128 printable characters without braces. A room is born by its first join. */
  room: string;
  /** What the others see, of at most 128 characters. */
  name?: string;
  /** Any JSON of at most 4,096 bytes, seen by the others. */
  metadata?: Json;
  token?: string;
  /** The `identity` of a room that has ended: takes the place of that peer, where it is still there. */
  identity?: PeerIdentity;
  /** Where the media should enter the cluster. */
  region?: string;
  /** A node by its id: only with an admin's grant, or in development. */
  node?: string;
}

/** What this client understands beyond the seed's protocol: consumers that come in the place of others. */
const features: string[] = ['replace'];

/**
 * Joins in one round trip. Listeners that are set before the next `await` hear every event from the join on.
 * Rejects with a `SluiceClientError`: `unreachable`, `timedOut`, or the server's code.
 */
export async function joinRoom(options: JoinOptions): Promise<Room> {
  const {
    url,
    deadlineMs: _,
    WebSocket: _w,
    autoSubscribe: _a,
    resumeWindowMs: _r,
    handlerFactory: _h,
    identity,
    ...fields
  } = options;
  const urls = typeof url === 'string' ? [url] : url;
  const { connection, index } = await openAny(urls, options);
  try {
    const joined = await connection.request('join', { ...fields, ...identity, features, transports: true });
    return new Room(connection, joined, { ...options, urls, current: index, connection: options });
  } catch (error) {
    connection.close();
    throw SluiceClientError.from(error, 'badFrame');
  }
}

/** The first that was given; where that is away, the others, in another order for each client. */
async function openAny(urls: readonly string[], options: ConnectionOptions) {
  let failure: unknown = new SluiceClientError('unreachable', 'No gateway was named.');
  const [first, ...others] = urls;
  for (const url of [...(first === undefined ? [] : [first]), ...shuffled(others)]) {
    try {
      return { connection: await Connection.open(url, options), index: urls.indexOf(url) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
