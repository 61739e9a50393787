import { SluiceError } from '@sluice/shared';
import type { MoveEvent } from '@sluice/shared/protocol';
import type { Services } from '../services.ts';
import type { Joined } from './state.ts';

const confirmMs = 2000;

/** Whether the session's client has been told of this very move. */
export function isKnownMove({ media }: Joined, { producerTransport }: MoveEvent): boolean {
  return media.move?.id === producerTransport.id;
}

/** Tells the node that the client stands there, where it has said so. A word that is lost is asked for again by the node. */
export function confirmMove(state: Joined, { nodes, clock, log }: Services): void {
  if (!state.media.move?.stood) return;
  nodes.call(state, 'releasePeer', {}, clock.now() + confirmMs).catch((error: unknown) => {
    log.debug({ room: state.room, code: SluiceError.from(error).code }, 'A node could not be told of a move.');
  });
}
