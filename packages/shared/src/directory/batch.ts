import * as z from 'zod';
import type { RoomId } from '../base/ids.ts';
import type { Logger } from '../base/logging.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import { channels } from '../bus/channels.ts';
import type { EventBatch, RoomEvent } from '../protocol/room.ts';
import { isPeerRecord, isProducerRecord } from './records.ts';

/** The one message on a room's channel. */
const frame = z.object({
  epoch: z.number().int().nonnegative(),
  seq: z.number().int().positive(),
  events: z.array(z.unknown()).min(1),
});

/** What a reader relies on in each event. One of a type that this version doesn't know is passed on as it is. */
const checks: { [T in RoomEvent['type']]: (event: Record<string, unknown>) => boolean } = {
  peerJoined: ({ peer }) => isPeerRecord(peer),
  peerUpdated: ({ peer }) => isPeerRecord(peer),
  peerLeft: ({ peerId }) => typeof peerId === 'string',
  producerAdded: ({ producer }) => isProducerRecord(producer),
  producerClosed: isProducers,
  producerPaused: isProducers,
  producerResumed: isProducers,
  message: ({ from, to }) => typeof from === 'string' && (to === undefined || Array.isArray(to)),
  sliceFenced: ({ node, boot }) => typeof node === 'string' && typeof boot === 'string',
  roomClosed: () => true,
};

function isProducers({ producerId, peerId }: Record<string, unknown>): boolean {
  return typeof producerId === 'string' && typeof peerId === 'string';
}

function isRoomEvent(value: unknown): value is RoomEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type } = value as { type?: unknown };
  if (typeof type !== 'string') return false;
  const check = Object.hasOwn(checks, type) ? checks[type as RoomEvent['type']] : undefined;
  return check ? check(value as Record<string, unknown>) : true;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A list of events. Undefined where one of them is none of ours. */
export function decodeEvents(text: string): RoomEvent[] | undefined {
  const events = parse(text);
  return Array.isArray(events) && events.length > 0 && events.every(isRoomEvent) ? events : undefined;
}

/** `events` are JSON texts already: what was written is passed on as it is. */
export function encodeBatch(epoch: number, seq: number, events: readonly string[]): string {
  return `{"epoch":${epoch},"seq":${seq},"events":[${events.join(',')}]}`;
}

/** Undefined for what is not a batch: the caller counts and drops it. */
export function decodeBatch(text: string): EventBatch | undefined {
  const parsed = frame.safeParse(parse(text));
  if (!parsed.success) return undefined;
  const { epoch, seq, events } = parsed.data;
  return events.every(isRoomEvent) ? { epoch, seq, events } : undefined;
}

/** What of the batch comes after `seq`: a reader may stand in the middle of one. Undefined when nothing does. */
export function batchAfter(batch: EventBatch, seq: number): EventBatch | undefined {
  const known = Math.max(0, seq - batch.seq + 1);
  if (known >= batch.events.length) return undefined;
  return { epoch: batch.epoch, seq: batch.seq + known, events: batch.events.slice(known) };
}

/** Hears a room's batches on the bus. Anything else that comes on its channel is dropped, with a word in the log. */
export function subscribeBatches(
  bus: Bus,
  room: RoomId,
  listener: (batch: EventBatch) => void,
  log: Logger,
  onGarbage?: () => void,
): Promise<Subscription> {
  return bus.subscribe(channels.room(room), (text) => {
    const batch = decodeBatch(text);
    if (batch) return listener(batch);
    log.warn({ room, length: text.length }, 'Dropped a message on a room channel that is not a batch.');
    onGarbage?.();
  });
}
