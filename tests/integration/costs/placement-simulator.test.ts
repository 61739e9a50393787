import type { Member, NodeId, NodeReport } from '@sluice/shared';
import { NodePool, place, type PlacementPolicy } from '@sluice/shared';
import { chosenSeed, seeded } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { nodeReport } from '../../support/clusters/neighbourhood.ts';

interface Simulation {
  nodes: number;
  gateways: number;
  joins: number;
  policy: PlacementPolicy;
  peersPerRoom: number;
  seed: number;
}

/** What a peer costs: four of a hundred fill a quarter of a one-worker node. */
const costOfPeer = 0.002;
/** Joins between two rounds of heartbeats, at which every gateway sees the same. */
const joinsPerRound = 2000;

/**
 * Gateways place peers of rooms without knowing of each other's placements until the next heartbeats: what each has
 * placed since is all it adds to the reports.
 */
function simulate({ nodes: count, gateways, joins, policy, peersPerRoom, seed }: Simulation) {
  const random = seeded(seed);
  const true_ = Array.from({ length: count }, () => 0);
  const pool = new NodePool();
  const report = () => {
    const reports = true_.map((peers, index) => nodeReport(`n${index}`, { peers, load: peers * costOfPeer }));
    for (const said of reports) pool.set({ report: said, heardAt: 0 });
    return reports;
  };
  const indexOf = new Map(report().map(({ id }, index) => [id, index]));
  const recent = Array.from({ length: gateways }, () => new Map<NodeId, number>());
  const rooms = new Map<number, Set<NodeId>>();
  let spent = 0;
  for (let join = 0; join < joins; join++) {
    if (join % joinsPerRound === 0 && join > 0) {
      report();
      for (const mine of recent) mine.clear();
    }
    const mine = recent[random.int(gateways)] ?? new Map<NodeId, number>();
    const room = random.int(Math.ceil(joins / peersPerRoom));
    const present = rooms.get(room) ?? new Set<NodeId>();
    const began = performance.now();
    const recentOn = ({ report: { id: node } }: Member<NodeReport>) => mine.get(node) ?? 0;
    const { id } = place(pool, { policy, present, random: random.next, recent: recentOn });
    spent += performance.now() - began;
    rooms.set(room, present.add(id));
    mine.set(id, (mine.get(id) ?? 0) + 1);
    const index = indexOf.get(id) ?? 0;
    true_[index] = (true_[index] ?? 0) + 1;
  }
  const mean = joins / count;
  return { max: Math.max(...true_) / mean, min: Math.min(...true_) / mean, microseconds: (spent / joins) * 1000 };
}

it.each([
  { nodes: 3000, gateways: 20, joins: 150_000, policy: 'pack', peersPerRoom: 1 },
  { nodes: 1000, gateways: 20, joins: 250_000, policy: 'pack', peersPerRoom: 4 },
] as const)('[CL19] $nodes nodes, $joins peers in rooms of $peersPerRoom: no node is over 1.3 of the mean', (shape) => {
  const seed = chosenSeed();
  const { max, min, microseconds } = simulate({ ...shape, seed });
  const figures = `max ${max.toFixed(2)}, min ${min.toFixed(2)} of the mean, ${microseconds.toFixed(1)} µs each, seed ${seed}`;
  process.stdout.write(`${shape.nodes} nodes, rooms of ${shape.peersPerRoom}: ${figures}\n`);
  expect(max, figures).toBeLessThan(1.3);
});
