import { SluiceError } from '@sluice/shared';
import { onClose } from '../media/link-end.ts';
import { everyLayer } from '../media/links.ts';
import type { MediaNode } from '../media-node.ts';
import type { Slice } from '../slice.ts';
import { nothing, type Operation } from './table.ts';

export const openPipe: Operation<'openPipe'> = async (node, params) => {
  const { links, demand } = findSlice(node, params);
  const answer = await links.give(params, params.askerAddress);
  const wanter = `pipe:${params.asker.transportId}`;
  const given = links.endNamed({ ...params, askerTransportId: params.asker.transportId })?.given.get(params.producerId);
  if (given) {
    demand.set(params.producerId, wanter, everyLayer);
    onClose(given, () => demand.remove(params.producerId, wanter));
  }
  return answer;
};

export const closePipe: Operation<'closePipe'> = async (node, params) =>
  node.slices.get(params.room)?.links.drop(params) ?? { linkClosed: true };

export const syncPipe: Operation<'syncPipe'> = async (node, params) => {
  const answer = node.slices.get(params.room)?.links.reconcile(params);
  if (answer && answer.closed > 0) node.metrics.repairs.inc({ kind: 'pipe' }, answer.closed);
  return answer ?? { closed: 0, missing: params.producerIds, known: false };
};

/** What is wanted behind a pipe counts like a viewer here; what nobody there wants is not sent to it. */
export const pipeDemand: Operation<'pipeDemand'> = async (node, params) => {
  const slice = findSlice(node, params);
  const end = slice.links.endNamed(params);
  if (!end?.given.has(params.producerId)) throw new SluiceError('producerNotFound', 'This producer is not piped.');
  slice.demand.set(params.producerId, `pipe:${params.askerTransportId}`, params.maxSpatialLayer);
  await end.want(params.producerId, params.maxSpatialLayer >= 0);
  return nothing;
};

function findSlice(node: MediaNode, { room }: { room: Slice['room'] }): Slice {
  const slice = node.slices.get(room);
  if (!slice) throw new SluiceError('producerNotFound', 'This node has no part of the room.');
  return slice;
}
