import type { NodeId, NodeReport, PlacementRequest } from '@sluice/shared';
import { NodePool, place } from '@sluice/shared';
import { chosenSeed, seeded } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import { nodeReport } from '../../../support/clusters/neighbourhood.ts';

interface Wish extends Partial<Omit<PlacementRequest, 'present' | 'recent'>> {
  present?: string[];
  recent?: Record<string, number>;
}

function placed(nodes: NodeReport[], { present = [], recent = {}, ...wish }: Wish = {}): string {
  return place(NodePool.of(nodes.map((report) => ({ report, heardAt: 0 }))), {
    policy: 'pack',
    random: seeded(1).next,
    ...wish,
    present: new Set(present as NodeId[]),
    recent: ({ report: { id } }) => recent[id] ?? 0,
  }).id;
}

describe('pack', () => {
  it('[CL14] a room stays where it is while there is headroom, on the least loaded of its nodes', () => {
    const nodes = [nodeReport('idle'), nodeReport('busy', { load: 0.7 }), nodeReport('busier', { load: 0.74 })];
    expect(placed(nodes, { present: ['busier', 'busy'] })).toBe('busy');
  });

  it('[CL14] without headroom it goes elsewhere', () => {
    const nodes = [nodeReport('full', { load: 0.76 }), nodeReport('idle')];
    for (let seed = 0; seed < 50; seed++) {
      const chosen = placed(nodes, { present: ['full'], random: seeded(seed).next });
      // Both candidates may be the full one: one draw in four.
      expect(['full', 'idle']).toContain(chosen);
    }
    const chosen = Array.from({ length: 200 }, (_, seed) =>
      placed(nodes, { present: ['full'], random: seeded(seed).next }),
    );
    expect(chosen.filter((id) => id === 'idle').length).toBeGreaterThan(120);
  });

  it('[CL14] of two random candidates the less loaded one takes the room', () => {
    const draws = [0, 0.99];
    const nodes = [nodeReport('first', { load: 0.6 }), nodeReport('middle'), nodeReport('last', { load: 0.5 })];
    expect(placed(nodes, { random: () => draws.shift() ?? 0 })).toBe('last');
  });

  it('[CL15] peers that were just placed count until the reports show them', () => {
    const nodes = [nodeReport('a', { load: 0.5 }), nodeReport('b', { load: 0.5, workers: 8 })];
    expect(placed(nodes, { present: ['a', 'b'], recent: { a: 3 } })).toBe('b');
    expect(placed(nodes, { present: ['a', 'b'], recent: { b: 3 } })).toBe('a');
    const draws = [0, 0.99];
    const full = placed(nodes, { present: ['a'], recent: { a: 30 }, random: () => draws.shift() ?? 0 });
    expect(full, 'thirty on their way leave no headroom').toBe('b');
  });
});

describe('spread', () => {
  it('[GW44] among thousands it looks at some, and is as even', () => {
    const random = seeded(1).next;
    const peers = Array.from({ length: 2000 }, () => 0);
    const pool = NodePool.of(peers.map((_, index) => ({ report: nodeReport(`n${index}`), heardAt: 0 })));
    const indexOf = (id: string) => Number(id.slice(1));
    for (let count = 0; count < 20_000; count++) {
      const recent = ({ report }: { report: NodeReport }) => peers[indexOf(report.id)] ?? 0;
      const { id } = place(pool, { policy: 'spread', present: new Set(), random, recent });
      peers[indexOf(id)] = (peers[indexOf(id)] ?? 0) + 1;
    }
    expect(Math.max(...peers)).toBeLessThanOrEqual(13);
  });

  it('[CL16] the node with the fewest peers takes the next one, those on their way counted', () => {
    const nodes = [nodeReport('a', { peers: 3 }), nodeReport('b', { peers: 2 }), nodeReport('c', { peers: 2 })];
    expect(placed(nodes, { policy: 'spread' })).toBe('b');
    expect(placed(nodes, { policy: 'spread', recent: { b: 1 } })).toBe('c');
  });
});

describe('who may be chosen', () => {
  it.each(['pack', 'spread'] as const)('[CL17] %s never takes a node that drains or accepts nobody', (policy) => {
    const nodes = [
      nodeReport('drains', { draining: true }),
      nodeReport('full', { accepting: false }),
      nodeReport('open', { load: 0.9, peers: 9 }),
    ];
    for (let seed = 0; seed < 50; seed++) {
      expect(placed(nodes, { policy, present: ['drains', 'full'], random: seeded(seed).next })).toBe('open');
    }
  });

  it('[CL17] no node at all: noCapacity, which is temporary', () => {
    expect(() => placed([])).toThrow(expect.objectContaining({ code: 'noCapacity', temporary: true }));
    const closed = [nodeReport('a', { draining: true })];
    expect(() => placed(closed)).toThrow(expect.objectContaining({ code: 'noCapacity' }));
  });

  it.each(['pack', 'spread'] as const)(
    '[CL18] %s stays in the region asked for, and leaves it rather than refuse',
    (policy) => {
      const nodes = [nodeReport('home', { region: 'eu', load: 0.9, peers: 9 }), nodeReport('away', { region: 'us' })];
      expect(placed(nodes, { policy, region: 'eu' })).toBe('home');
      expect(placed(nodes, { policy, region: 'mars', random: () => 0.99 })).toBe('away');
      expect(placed(nodes, { policy: 'pack', region: 'mars', present: ['away'], random: () => 0 })).toBe('away');
      expect(placed(nodes, { policy: 'pack', region: 'eu', present: ['away'], random: () => 0.99 })).toBe('home');
    },
  );

  it('[CL18] a node asked for by name is taken however loaded, unless it is not there', () => {
    const nodes = [nodeReport('a'), nodeReport('b', { load: 1, region: 'us' }), nodeReport('c', { draining: true })];
    expect(placed(nodes, { wanted: 'b', region: 'eu' })).toBe('b');
    for (const wanted of ['c', 'nobody', '__proto__']) {
      expect(() => placed(nodes, { wanted })).toThrow(expect.objectContaining({ code: 'nodeUnavailable' }));
    }
  });
});

describe('the pool of nodes', () => {
  const member = (id: string, more: Partial<NodeReport> = {}) => ({ report: nodeReport(id, more), heardAt: 0 });
  const ids = (pool: NodePool, region?: string) => pool.open(region).map(({ report }) => String(report.id));

  it('[GW44] knows after any changes what a list of all nodes would say', () => {
    const random = seeded(chosenSeed());
    const all = new Map<string, NodeReport>();
    const pool = new NodePool();
    for (let step = 0; step < 3000; step++) {
      const id = `n${random.int(20)}`;
      const { address } = nodeReport(id);
      if (random.next() < 0.3) {
        all.delete(address);
        pool.delete(address);
      } else {
        const flags = { draining: random.next() < 0.3, accepting: random.next() < 0.7 };
        const node = member(id, { ...flags, region: ['eu', 'us'][random.int(2)] ?? 'eu' });
        all.set(address, node.report);
        pool.set(node);
      }
      const open = [...all.values()].filter((node) => node.accepting && !node.draining);
      expect(ids(pool).sort()).toEqual(open.map((node) => String(node.id)).sort());
      for (const region of ['eu', 'us']) {
        const near = open.filter((node) => node.region === region).map((node) => String(node.id));
        expect(ids(pool, region).sort()).toEqual(near.sort());
      }
      expect(pool.size).toBe(all.size);
      expect(pool.byAddress(address)?.report).toBe(all.get(address));
      expect(pool.byId(nodeReport(id).id)?.report).toBe(all.get(address));
    }
  });

  it('[GW44] the old incarnation of a node takes nothing of the new one with it', () => {
    const pool = new NodePool();
    const old = member('a', { boot: 'one' as never, address: 'node:a:one' });
    const next = member('a', { boot: 'two' as never, address: 'node:a:two' });
    pool.set(old);
    pool.set(next);
    pool.delete('node:a:one');
    expect(pool.byId(next.report.id)).toBe(next);
    expect(pool.open()).toEqual([next]);
  });
});
