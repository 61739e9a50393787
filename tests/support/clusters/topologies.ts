import { type TestCluster, readMetric, startProcessCluster, startTestCluster } from './cluster.ts';
import { startRedis } from '../redis/redis.ts';

/**
 * For machines that are busy with six browsers, or with somebody else's work: what is tested with these is not how soon
 * a silence is noticed.
 */
export const patience = { LEASE_MS: '15000', ACTION_DEADLINE_MS: '8000' };

/** Where a peer comes in: a gateway's address, and the node that its media is to be on. */
export interface Place {
  url: string;
  node: string;
}

/** Two places with the cluster between them, however it runs. */
export interface Stage extends AsyncDisposable {
  cluster: TestCluster;
  near: Place;
  far: Place;
  /** How media comes from one place to the other. */
  path: 'node' | 'worker';
  redisUrl?: string;
  /** The processes whose children are the media workers. */
  mediaPids: number[];
}

export interface Topology {
  name: string;
  start(settings?: Record<string, string>): Promise<Stage>;
}

export const embedded: Topology = {
  name: 'embedded: two nodes and two gateways in one process, no Redis',
  async start(settings = {}) {
    const cluster = await startTestCluster({ nodes: 2, gateways: 2, settings: { ...patience, ...settings } });
    return { ...between(cluster, 0, 1), path: 'node', mediaPids: [process.pid] };
  },
};

export const processes: Topology = {
  name: 'processes: two nodes and two gateways on a Redis',
  async start(settings = {}) {
    const redis = await startRedis();
    const cluster = await startProcessCluster({
      nodes: 2,
      gateways: 2,
      redisUrl: redis.url,
      settings: { ...patience, ...settings },
    });
    return {
      ...between(cluster, 0, 1),
      path: 'node',
      redisUrl: redis.url,
      mediaPids: cluster.processes.nodes.map(({ pid }) => pid),
      async [Symbol.asyncDispose]() {
        await cluster[Symbol.asyncDispose]();
        await redis.stop();
      },
    };
  },
};

/** Nodes of tests spread a room's peers over their workers in turn: the second peer is on the other worker. */
export const workers: Topology = {
  name: 'workers: two of one node, a process on a Redis',
  async start(settings = {}) {
    const redis = await startRedis();
    const cluster = await startProcessCluster({
      nodes: 1,
      gateways: 1,
      workers: 2,
      redisUrl: redis.url,
      settings: { ...patience, ...settings },
    });
    return {
      ...between(cluster, 0, 0),
      path: 'worker',
      redisUrl: redis.url,
      mediaPids: cluster.processes.nodes.map(({ pid }) => pid),
      async [Symbol.asyncDispose]() {
        await cluster[Symbol.asyncDispose]();
        await redis.stop();
      },
    };
  },
};

/** Where every worker counts as hot, each peer of a room goes to the one that is least so. */
export const hotWorkers: Topology = {
  name: 'hot workers: two nodes with two each, all too hot to take more of a room',
  async start(settings = {}) {
    const hot = { ...patience, PLACEMENT: 'pack', HOT_WORKER_LOAD: '0' };
    const cluster = await startTestCluster({ nodes: 2, gateways: 1, workers: 2, settings: { ...hot, ...settings } });
    return { ...between(cluster, 0, 1), path: 'node', mediaPids: [process.pid] };
  },
};

/** The sum of a metric over all nodes. */
export async function onNodes({ nodes }: TestCluster, name: string, labels?: Record<string, string>): Promise<number> {
  const values = await Promise.all(nodes.map(({ opsUrl }) => readMetric(opsUrl, name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}

function between(cluster: TestCluster, near: number, far: number): Omit<Stage, 'path' | 'mediaPids'> {
  const place = (index: number): Place => {
    const gateway = cluster.gateways[index] ?? cluster.gateways[0];
    const node = cluster.nodes[index];
    if (!gateway || !node) throw new Error('The cluster has too few gateways or nodes.');
    return { url: gateway.url, node: node.id };
  };
  return {
    cluster,
    near: place(near),
    far: place(far),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
