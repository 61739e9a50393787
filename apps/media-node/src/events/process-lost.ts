import type { RegistryEvent, Report } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { MediaNode } from '../media-node.ts';
import { detach } from '../moving/old-place.ts';
import type { Slice } from '../room/slice.ts';

/**
 * Another process has gone. Pipes to a node lead nowhere now; and where its lease ran out, its claims are taken from it
 * in every room that this node shares with it. Everyone who notices does so; one of them gets there first.
 */
export async function forgetNode(node: MediaNode, event: RegistryEvent): Promise<void> {
  const { type, report } = event;
  node.metrics.detected(event);
  if (type === 'appeared') return;
  if (type === 'lost') node.endpoint.abandon(report.address);
  if (report.kind === 'gateway') return detachAll(node, report.address);
  node.pipeWatch.ways.forget(report.address);
  for (const slice of [...node.slices]) {
    slice.links.closeTo(report.address);
    if (type === 'left' || !holds(slice, report)) continue;
    try {
      if (await node.directory.fence(slice.room, report.id, report.boot)) node.metrics.fences.inc();
    } catch (error) {
      node.log.warn({ room: slice.room, code: SluiceError.from(error).code }, 'A lost node could not be fenced yet.');
    }
  }
}

/** The gateway is gone, and its sessions with it: their peers stay for whoever resumes them. */
function detachAll(node: MediaNode, gateway: string): void {
  for (const slice of node.slices) {
    for (const peer of slice.entered()) if (peer.record.gateway === gateway) detach(node, slice, peer);
  }
}

function holds({ feed }: Slice, { boot }: Report): boolean {
  for (const peer of feed.view.peers.values()) if (peer.boot === boot) return true;
  return false;
}
