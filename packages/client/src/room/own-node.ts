import type { ServerEvent } from '../base/event-of.ts';

/** The node that an event says this client's own media is at now, if it says so. */
export function ownNodeAfter(event: ServerEvent, selfId: string): string | undefined {
  const isOwn = event.type === 'move' || (event.type === 'peerUpdated' && event.peerId === selfId);
  return isOwn ? event.node : undefined;
}
