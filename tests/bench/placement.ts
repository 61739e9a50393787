// npm run bench:placement: what it costs a gateway to choose a node, by how many there are. Printed, not judged.

import { type Member, type NodeId, NodePool, type NodeReport, type PlacementPolicy, systemClock } from '@sluice/shared';
import { seeded } from '@sluice/shared/testing';
import { Placements } from '../../apps/signaling/src/nodes/placements.ts';
import { nodeReport } from '../support/clusters/neighbourhood.ts';
import { percentile } from './measure/statistics.ts';

const choices = 20_000;
const roomNodes = 3;

function measure(count: number, policy: PlacementPolicy): number[] {
  const random = seeded(1);
  const members: Member<NodeReport>[] = Array.from({ length: count }, (_, index) => ({
    report: nodeReport(`n${index}`, { load: random.next(), region: `r${index % 5}` }),
    heardAt: systemClock.now(),
  }));
  const pool = NodePool.of(members);
  const placements = new Placements({ registry: { pool }, policy, clock: systemClock, random: random.next });
  const nodeOf = () => members[random.int(count)]?.report.id as NodeId;
  return Array.from({ length: choices }, (_, index) => {
    // As heartbeats of two a second do where a thousand joins come in one.
    if (index % 500 === 0) for (const { report } of members) pool.set({ report, heardAt: systemClock.now() });
    const present = new Set(Array.from({ length: roomNodes }, nodeOf));
    const region = index % 2 === 0 ? `r${index % 5}` : undefined;
    const began = performance.now();
    placements.choose({ present, region, wanted: undefined }).arrived();
    return (performance.now() - began) * 1000;
  });
}

for (const count of [5, 100, 1000, 5000]) {
  for (const policy of ['pack', 'spread'] as const) {
    measure(count, policy);
    const took = measure(count, policy);
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(took, share).toFixed(1));
    process.stdout.write(`${String(count).padStart(5)} nodes, ${policy.padEnd(6)}: p50 ${p50} µs, p99 ${p99} µs\n`);
  }
}
