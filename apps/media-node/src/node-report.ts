import type { MediaNode } from './media-node.ts';
import type { NodeCensus } from './metrics.ts';

/** Counts what is there now: no counter that could drift from it. */
export function takeCensus(node: MediaNode): NodeCensus {
  const slices = [...node.slices];
  const peers = slices.flatMap((slice) => [...slice.peers.values()]);
  const ends = slices.flatMap((slice) => [...slice.links.ends]);
  const carriages = slices.flatMap((slice) => [...slice.pipes.carriages]);
  const worker = ends.filter(({ scope }) => scope === 'worker').length;
  const carriedFromNodes = carriages.filter(({ end }) => end.scope === 'node').length;
  return {
    state: node.drain.draining ? 'draining' : node.state,
    workers: node.pool.workers.map(({ index, cpuSeconds, load }) => ({ index, cpuSeconds, load })),
    loadRatio: node.load.ratio,
    rooms: slices.length,
    draining: node.drain.draining ? node.drain.status.remaining : 0,
    peers: peers.length,
    routers: slices.reduce((sum, slice) => sum + slice.routers.length, 0),
    transports: peers.reduce((sum, peer) => sum + peer.transports.size, 0),
    producers: countBy(peers.flatMap((peer) => [...peer.producers.values()].map(({ record }) => record.kind))),
    consumers: countBy(peers.flatMap((peer) => consumerKinds(peer))),
    // Both ends of a pipe within the process are here; of a pipe to another node only ours is.
    pipes: { worker: Math.ceil(worker / 2), node: ends.length - worker },
    relayedProducers: carriages.filter(({ end, relayed }) => relayed && end.scope === 'node').length,
    avoidedWays: node.pipeWatch.ways.avoided,
    pipeProducers: { worker: carriages.length - carriedFromNodes, node: carriedFromNodes },
  };
}

function consumerKinds(peer: {
  consumers: Map<unknown, { consumer: { kind: string } }>;
  dataConsumers: Map<unknown, unknown>;
}) {
  const media = [...peer.consumers.values()].map(({ consumer }) => consumer.kind);
  return [...media, ...Array.from(peer.dataConsumers, () => 'data')];
}

function countBy(kinds: string[]): Record<string, number> {
  const counts: Record<string, number> = { audio: 0, video: 0, data: 0 };
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
