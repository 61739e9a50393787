import type { Clock, Endpoint, Logger, Owner, Registry } from '@sluice/shared';
import { channels, newBootId } from '@sluice/shared';
import { releaseMedia } from '../moving/old-place.ts';
import type { Slice } from '../room/slice.ts';
import type { Slices } from '../room/slices.ts';

/**
 * How long a fenced slice keeps the media of peers that no other node takes, in ms: longer than the gateways need to move
 * the peers of a full node, 500 a second each.
 */
const letGoAtLatestMs = 30_000;

export interface FencedOptions {
  owner: Owner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly slices: Slices;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
}

/**
 * The cluster took a slice from this boot, and nothing is written any more. Its peers are moved to other nodes one after
 * the other: what each has here is kept until it has moved or left.
 */
export function letGo(node: FencedOptions, slice: Slice): void {
  if (slice.closed || slice.fenced) return;
  slice.fenced = true;
  node.log.warn({ room: slice.room, boot: slice.owner.boot }, 'This boot was fenced in a room; its slice is let go.');
  node.slices.setAside(slice);
  node.clock.setTimer(() => giveUp(node, slice), letGoAtLatestMs);
  void changeBoot(node, slice.owner);
}

/** No gateway has moved the peers that are still here. */
function giveUp({ slices }: FencedOptions, slice: Slice): void {
  for (const peer of slice.present()) void releaseMedia({ slices }, { slice, peer }, 'nodeLost');
  void slices.drop(slice);
}

/** A boot that was fenced is over. The process goes on as a new one, which owns nothing yet. */
async function changeBoot(node: FencedOptions, { boot }: Owner): Promise<void> {
  if (node.owner.boot !== boot) return;
  node.owner = { node: node.owner.node, boot: newBootId() };
  try {
    await node.endpoint.rename(channels.node(node.owner.node, node.owner.boot));
    node.registry.beat();
    node.log.info({ boot: node.owner.boot }, 'The node goes on under a new boot.');
  } catch (error) {
    node.log.error({ error }, 'The new boot cannot be heard: the bus is closed.');
  }
}
