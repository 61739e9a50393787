import type { PeerAddress } from '../nodes/node-client.ts';
import type { NodeClient } from '../nodes/node-client.ts';
import type { SessionMedia } from './media.ts';

const confirmMs = 2000;

interface Moved {
  readonly media: SessionMedia;
  at(): PeerAddress;
}

/** Tells the node that the client stands there, where it has said so. A confirmation that is lost is asked for again. */
export function confirmMove(seat: Moved, nodes: NodeClient): void {
  if (seat.media.move?.stood) nodes.tell(seat.at(), 'releasePeer', {}, nodes.now() + confirmMs);
}
