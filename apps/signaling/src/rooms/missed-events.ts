import type { Directory, PeerId, Position, ProducerId, RoomFeed, RoomId } from '@sluice/shared';
import type { ClientRoomEvent, EventBatch, RoomEvent } from '@sluice/shared/protocol';
import { toClientEvent } from './client-events.ts';

/** What a client has missed, and where it stands once it has that. */
export interface Missed extends Position {
  events: ClientRoomEvent[];
}

export interface MissedSource {
  directory: Directory;
  feed: RoomFeed;
  room: RoomId;
}

/** The feed may go on while the stream is read. The stream is read again then, this often at most. */
const readsAtMost = 3;
/**
 * How many events are looked through for what a peer has lost: well within what a room keeps. Fewer where those are too
 * many bytes to be kept; a loss is among the latest.
 */
const lookBack = [500, 100, 20] as const;

/** What a peer has missed since `after`, up to where the feed is. Undefined where the stream no longer reaches back. */
export async function readMissed(source: MissedSource, peerId: PeerId, after: Position): Promise<Missed | undefined> {
  const { directory, feed, room } = source;
  for (let read = 0; read < readsAtMost; read++) {
    const batches = await directory.eventsAfter(room, after);
    if (!batches) return undefined;
    const missed = missedIn(batches, peerId, after);
    await feed.catchUp();
    if (isAt(missed, feed.position)) return missed;
  }
  return undefined;
}

export const isAt = ({ epoch, seq }: Position, position: Position | undefined): boolean =>
  position?.epoch === epoch && position.seq === seq;

function missedIn(batches: readonly EventBatch[], peerId: PeerId, { epoch, seq }: Position): Missed {
  const numbered = batches.flatMap((batch) =>
    batch.events.map((event, index) => ({ event, position: { epoch: batch.epoch, seq: batch.seq + index } })),
  );
  const events = numbered
    .filter(({ event }) => event.type !== 'message' || !event.to || event.to.includes(peerId))
    .map(({ event, position }) => toClientEvent(event, position))
    .filter((event) => event !== undefined);
  return { events, epoch, seq: numbered.at(-1)?.position.seq ?? seq };
}

/**
 * The producers that a peer lost with its node or worker. No process holds them any more: only the room's events say
 * that they were this peer's. Empty where the events can't be read: the client's tracks are new ones then, and are not
 * shown in the place of the lost ones.
 */
export async function lostProducers(
  directory: Directory,
  room: RoomId,
  peerId: PeerId,
  { epoch, seq }: Position,
): Promise<ProducerId[]> {
  for (const count of lookBack) {
    const from = { epoch, seq: Math.max(0, seq - count) };
    const batches = await directory.eventsAfter(room, from).catch(() => undefined);
    if (batches) return lossesIn(batches, peerId);
  }
  return [];
}

function lossesIn(batches: readonly EventBatch[], peerId: PeerId): ProducerId[] {
  return batches
    .flatMap(({ events }) => events)
    .filter(isLoss)
    .filter((event) => event.peerId === peerId)
    .map(({ producerId }) => producerId);
}

const isLoss = (event: RoomEvent): event is Extract<RoomEvent, { type: 'producerClosed' }> =>
  event.type === 'producerClosed' && wasLost(event.reason);

/** Whether a producer that was closed went with its node or worker: its peer produces it again. */
export const wasLost = (reason: string | undefined): boolean => reason === 'nodeLost' || reason === 'workerLost';
