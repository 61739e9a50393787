import type { Directory, Endpoint, Logger, RegistryEvent, Report } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import type { Ways } from '../healing/ways.ts';
import type { NodeMetrics } from '../metrics.ts';
import { detach, reattach, type ResumeWindowOptions } from '../moving/resume-window.ts';
import type { Slice } from '../room/slice.ts';

export interface ProcessLostOptions extends ResumeWindowOptions {
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly endpoint: Endpoint;
  readonly directory: Directory;
  readonly pipeWatch: { readonly ways: Ways };
}

/**
 * Another process has gone. Pipes to a node lead nowhere now; and where its lease ran out, its claims are taken from it
 * in every room that this node shares with it. Everyone who notices does so; one of them gets there first.
 */
export async function forgetProcess(node: ProcessLostOptions, event: RegistryEvent): Promise<void> {
  const { type, report } = event;
  node.metrics.detected(event);
  if (type === 'appeared') return report.kind === 'gateway' ? reattachAll(node, report.address) : undefined;
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

/** The gateway is gone, and its sessions with it: their peers stay until another gateway resumes them. */
function detachAll(node: ProcessLostOptions, gateway: string): void {
  for (const slice of node.slices) {
    for (const peer of slice.present()) {
      if (peer.record.gateway === gateway) detach(node, { slice, peer }, 'gateway');
    }
  }
}

/** The gateway was only silent, and has kept its sessions. Those that it gave up itself stay detached. */
function reattachAll(node: ProcessLostOptions, gateway: string): void {
  for (const slice of node.slices) {
    for (const peer of slice.present()) {
      if (peer.record.gateway === gateway && peer.detachCause === 'gateway') reattach({ slice, peer });
    }
  }
}

function holds({ feed }: Slice, { boot }: Report): boolean {
  for (const peer of feed.view.peers.values()) if (peer.boot === boot) return true;
  return false;
}
