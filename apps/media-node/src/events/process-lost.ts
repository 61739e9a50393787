import type { Directory, Endpoint, Logger, RegistryEvent, Report } from '@sluice/shared';
import { forEachBounded, SluiceError } from '@sluice/shared';
import type { Ways } from '../healing/ways.ts';
import type { NodeMetrics } from '../metrics.ts';
import { detach, reattach, type ResumeWindowOptions } from '../moving/resume-window.ts';
import type { Slice } from '../room/slice.ts';

/** Rooms in which a lost node is fenced at the same time. More would queue up in Redis before what peers ask for. */
const fencesAtOnce = 64;

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
  // Media can come another way as soon as its link is closed: no room waits for the fences of others.
  for (const slice of [...node.slices]) closeLinks(node, slice, report);
  if (type === 'lost') await fenceEverywhere(node, report);
}

function closeLinks({ log }: ProcessLostOptions, { room, links }: Slice, { address }: Report): void {
  try {
    links.closeTo(address);
  } catch (error) {
    log.error({ room, error }, 'The pipes to a lost node could not be closed.');
  }
}

async function fenceEverywhere(node: ProcessLostOptions, report: Report & { kind: 'node' }): Promise<void> {
  const shared = [...node.slices].filter((slice) => holds(slice, report));
  await forEachBounded(
    shared,
    fencesAtOnce,
    async ({ room }) => {
      if (await node.directory.fence(room, report.id, report.boot)) node.metrics.fences.inc();
    },
    (error, { room }) =>
      node.log.warn({ room, code: SluiceError.from(error).code }, 'A lost node could not be fenced yet.'),
  );
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

const holds = ({ feed }: Slice, { boot }: Report): boolean => feed.view.whereabouts.hasPeerOf(boot);
