import { channels, type Endpoint, type Owner, type ProducerRecord, type Registry, SluiceError } from '@sluice/shared';
import type { Source } from '../pipes/pipes.ts';
import type { NodeMetrics } from '../metrics.ts';
import type { Slice } from '../room/slice.ts';
import type { Ways } from './ways.ts';

export interface ProducerSourceOptions {
  readonly owner: Owner;
  readonly endpoint: Endpoint;
  readonly registry: Registry;
  readonly metrics: NodeMetrics;
  readonly pipeWatch: { readonly ways: Ways };
}

/** How many nodes are asked to relay, and for how long each, in ms: a viewer may be waiting. */
const asked = 3;
const askMs = 1200;

/** Where a producer is to be fetched: from its node, or around a way that is dead. */
export async function sourceOf(node: ProducerSourceOptions, slice: Slice, record: ProducerRecord): Promise<Source> {
  const origin = channels.node(record.node, record.boot);
  const direct = { router: record.router, address: origin, relayed: false };
  if (!node.pipeWatch.ways.isAvoided(origin)) return direct;
  const request = { room: slice.room, producerId: record.producerId };
  for (const address of relaysFor(node, slice, origin).slice(0, asked)) {
    try {
      const { router } = await node.endpoint.call(address, 'relayPipe', request, { ttlMs: askMs });
      node.metrics.pipeRepairs.inc({ kind: 'relayed', result: 'ok' });
      return { router, address, relayed: true };
    } catch (error) {
      const { code } = SluiceError.from(error);
      slice.log.debug({ relay: address, code }, 'A node could not relay a producer.');
    }
  }
  // The direct way may have come back by itself; it is looked at again when it is not to be avoided any more.
  node.metrics.pipeRepairs.inc({ kind: 'relayed', result: 'nobody' });
  return direct;
}

/** Nodes that may reach both, in the order to ask them: those in the room first, since they have it already perhaps. */
function relaysFor(node: ProducerSourceOptions, slice: Slice, origin: string): string[] {
  const inRoom = new Set<string>();
  for (const { node: id, boot } of slice.feed.view.whereabouts.withPeers()) inRoom.add(channels.node(id, boot));
  return node.registry
    .nodes()
    .filter(({ report }) => report.accepting && report.address !== origin && report.id !== node.owner.node)
    .map(({ report: { address } }) => ({ address, rank: (inRoom.has(address) ? 0 : 1) + Math.random() / 2 }))
    .filter(({ address }) => !node.pipeWatch.ways.isAvoided(address))
    .sort((a, b) => a.rank - b.rank)
    .map(({ address }) => address);
}
