import * as z from 'zod';
import type { Bus, Subscription } from '../bus/bus.ts';
import { channels } from '../bus/channels.ts';
import type { RoomId } from '../base/ids.ts';
import type { Logger } from '../base/logging.ts';
import type { EventBatch, RoomEvent } from '../protocol/room.ts';

/** The one message on a room's channel. Events are made by our own scripts, so only the frame is checked here. */
const frame = z.object({
  epoch: z.number().int().nonnegative(),
  seq: z.number().int().positive(),
  events: z.array(z.looseObject({ type: z.string() })).min(1),
});

/** `events` are JSON texts already: what was written is passed on as it is. */
export function encodeBatch(epoch: number, seq: number, events: readonly string[]): string {
  return `{"epoch":${epoch},"seq":${seq},"events":[${events.join(',')}]}`;
}

/** Undefined for what is not a batch: the caller counts and drops it. */
export function decodeBatch(text: string): EventBatch | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = frame.safeParse(json);
  if (!parsed.success) return undefined;
  return { epoch: parsed.data.epoch, seq: parsed.data.seq, events: parsed.data.events as unknown as RoomEvent[] };
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
