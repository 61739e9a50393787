import { LocalCluster, ProcessCluster } from '@sluice/local';

export interface TestClusterOptions {
  nodes?: number;
  gateways?: number;
  workers?: number;
  /** Without one the cluster keeps its bus and directory in memory. */
  redisUrl?: string;
  settings?: Record<string, string>;
}

export interface TestGateway {
  /** `http://localhost:PORT`; the WebSocket is at `/ws`. */
  url: string;
  opsUrl: string;
}

export interface TestNode {
  id: string;
  opsUrl: string;
}

/** A cluster as tests see it, however it runs: by where its gateways and nodes are reached. */
export interface TestCluster extends AsyncDisposable {
  gateways: TestGateway[];
  nodes: TestNode[];
}

/** The embedded cluster: everything in this process. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { nodes = 2, gateways = 1, workers = 1, redisUrl, settings = {} } = options;
  const cluster = await LocalCluster.start({
    nodes,
    gateways,
    workers,
    port: 0,
    host: '127.0.0.1',
    redisUrl,
    settings,
  });
  return {
    gateways: cluster.gateways.map((gateway, index) => ({
      url: cluster.urlOf(index),
      opsUrl: `http://127.0.0.1:${gateway.opsPort}`,
    })),
    nodes: cluster.nodes.map(({ owner, opsPort }) => ({ id: owner.node, opsUrl: `http://127.0.0.1:${opsPort}` })),
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
}

/** Real processes, one for each gateway and node, over a real Redis. `processes` is for those who kill some. */
export async function startProcessCluster(
  options: TestClusterOptions & { redisUrl: string; settingsOf?: (name: string) => Record<string, string> },
): Promise<TestCluster & { processes: ProcessCluster }> {
  const { nodes = 2, gateways = 2, workers = 1, redisUrl, settings = {}, settingsOf } = options;
  const processes = await ProcessCluster.start({
    ...(settingsOf && { settingsOf }),
    nodes,
    gateways,
    workers,
    port: 0,
    host: '127.0.0.1',
    redisUrl,
    settings,
  });
  return {
    processes,
    gateways: processes.gateways.map(({ up }, index) => ({
      url: processes.urlOf(index),
      opsUrl: `http://127.0.0.1:${up.opsPort}`,
    })),
    nodes: processes.nodes.map(({ name, up }) => ({ id: name, opsUrl: `http://127.0.0.1:${up.opsPort}` })),
    [Symbol.asyncDispose]: async () => void (await processes.stop()),
  };
}

/** The value of a metric, summed over the series that carry these labels. 0 where there is none. */
export type ReadMetric = (name: string, labels?: Record<string, string>) => number;

/** All metrics of a process, by one scrape. */
export async function scrape(opsUrl: string): Promise<ReadMetric> {
  const lines = (await (await fetch(`${opsUrl}/metrics`)).text()).split('\n');
  return (name, labels = {}) =>
    lines
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** One metric, by a scrape of its own. */
export async function readMetric(opsUrl: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  return (await scrape(opsUrl))(name, labels);
}
