import { SluiceError } from '@sluice/shared';
import { onClose } from '../pipes/link-end.ts';
import { everyLayer } from '../pipes/links.ts';
import { relay } from '../healing/relay.ts';
import type { Slice } from '../room/slice.ts';
import type { Services } from './services.ts';
import { nothing, type Operation } from './table.ts';

export const openPipe: Operation<'openPipe'> = async (node, params) => {
  const { links, pipes, demand } = findSlice(node, params);
  const letGo = pipes.lend(params.producerId, params.giverRouter);
  try {
    const answer = await links.give(params, params.askerAddress);
    const wanter = `pipe:${params.asker.transportId}`;
    const end = links.endNamed({ ...params, askerTransportId: params.asker.transportId });
    const given = end?.given.get(params.producerId);
    if (!given) throw new SluiceError('producerNotFound', 'The producer was closed meanwhile.');
    demand.set(params.producerId, wanter, everyLayer);
    onClose(given, () => {
      demand.remove(params.producerId, wanter);
      letGo();
    });
    return answer;
  } catch (error) {
    letGo();
    throw error;
  }
};

export const closePipe: Operation<'closePipe'> = async (node, params) =>
  node.slices.get(params.room)?.links.drop(params) ?? { linkClosed: true };

export const syncPipe: Operation<'syncPipe'> = async (node, params) => {
  const links = node.slices.get(params.room)?.links;
  if (!links) return { closed: 0, missing: params.producerIds, known: false, sent: 0 };
  const answer = links.reconcile(params);
  node.metrics.repairs.inc({ kind: 'pipe' }, answer.closed);
  // An end that closes meanwhile has sent nothing that matters.
  const traffic = await links
    .endNamed(params)
    ?.traffic()
    .catch(() => undefined);
  return { ...answer, sent: traffic?.sent ?? 0 };
};

export const relayPipe: Operation<'relayPipe'> = relay;

/** What is wanted behind a pipe counts like a viewer here; without demand nothing is sent to it. */
export const pipeDemand: Operation<'pipeDemand'> = async (node, params) => {
  const slice = findSlice(node, params);
  const end = slice.links.endNamed(params);
  if (!end?.given.has(params.producerId)) throw new SluiceError('producerNotFound', 'This producer is not piped.');
  slice.demand.set(params.producerId, `pipe:${params.askerTransportId}`, params.maxSpatialLayer);
  await end.want(params.producerId, params.maxSpatialLayer >= 0);
  return nothing;
};

function findSlice(node: Services, { room }: { room: Slice['room'] }): Slice {
  const slice = node.slices.get(room);
  if (!slice) throw new SluiceError('producerNotFound', 'This node has no part of the room.');
  return slice;
}
