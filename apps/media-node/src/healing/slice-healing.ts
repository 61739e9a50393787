import type { MediaNode } from '../media-node.ts';
import type { SliceOptions } from '../room/slice-options.ts';
import { healConsumer } from './heal-consumer.ts';
import { sourceOf } from './producer-source.ts';

/** What a slice leaves to its node when pipes are lost: only the node knows the other nodes and the ways to them. */
export function healingOf(node: MediaNode): Pick<SliceOptions, 'sourceOf' | 'onPipeLost'> {
  return {
    sourceOf: (slice, record) => sourceOf(node, slice, record),
    onPipeLost: (place, carried) => void healConsumer(node, place, carried),
  };
}
