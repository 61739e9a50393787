import type { Logger } from '../../base/logging.ts';
import type { RoomId } from '../../base/ids.ts';
import type { Position, RoomEvent } from '../../protocol/room.ts';
import type { Directory } from '../directory.ts';

export interface RoomFeedOptions {
  room: RoomId;
  directory: Directory;
  log: Logger;
  /** Called for each event, once and in order, after the view has taken it in. Must not throw. */
  onEvent(event: RoomEvent, position: Position): void;
  /** Called after the events of one batch. */
  onBatchEnd?(): void;
  /**
   * The room had to be read anew: the view is what was read, and `differences` lead to it from the one before. They share
   * one number. Where this is not given, each is told to `onEvent`. Must not throw.
   */
  onPicture?(differences: readonly RoomEvent[], position: Position): void;
  /**
   * Whether the directory may not know everything yet, since its owners are still telling it (Redis came back empty).
   * Meanwhile a new picture only adds: no peer is taken for gone that the directory has merely forgotten.
   */
  settling?(): boolean;
  /**
   * The directory has lost the room, or has it in another life than the one that was followed: each owner of a part of
   * it has to write that part again. Called once for each loss; where a fail-over lost some writes, until they are made
   * good.
   */
  onLost?(): void;
  /** This process's monotonic time in ms. */
  now?: () => number;
  /** Counts what had to be repaired: a gap filled from the stream, or the whole picture taken anew. */
  onRepair?(kind: 'gap' | 'resync'): void;
  /** Counts what came on the room's channel and was not a batch of events. */
  onGarbage?: () => void;
}
