import type { Clock, Endpoint, Logger, Owner, Registry } from '@sluice/shared';
import { channels, newBootId } from '@sluice/shared';
import type { Slice } from '../room/slice.ts';
import type { Slices } from '../room/slices.ts';

/**
 * How long a fenced slice keeps its media, in ms. Longer lets peers of a node that was only cut off leave without a gap;
 * shorter is sooner quiet after a freeze.
 */
const letGoAfterMs = 500;

export interface FencedOptions {
  owner: Owner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly slices: Slices;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
}

/**
 * The cluster took a slice from this boot. Its peers are on their way to other places; what they still have here is
 * kept for a moment, so that they can leave it behind rather than lose it, and nothing is written any more.
 */
export function letGo(node: FencedOptions, slice: Slice): void {
  if (slice.closed || slice.fenced) return;
  slice.fenced = true;
  node.log.warn({ room: slice.room, boot: slice.owner.boot }, 'This boot was fenced in a room; its slice is let go.');
  node.clock.setTimer(() => void node.slices.drop(slice), letGoAfterMs);
  void changeBoot(node, slice.owner);
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
