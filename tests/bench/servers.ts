import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually, within } from '../../packages/shared/testing/index.ts';
import { startProcessCluster } from '../support/clusters/cluster.ts';
import { RedisProcess } from '../support/redis/redis-process.ts';
import { workersOf } from './measure/processes.ts';

/** The yardstick, in a process of its own. */
export interface SeedServer extends AsyncDisposable {
  /** Of its WebSocket. */
  url: string;
  /** Process ids. */
  workers: number[];
}

/** What must not outlive this process, however it ends. Workers go when their parents have. */
const started = new Set<number>();
process.once('exit', () => {
  for (const pid of started) kill(pid);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}

const script = fileURLToPath(new URL('seed-server.ts', import.meta.url));
const startWithinMs = 20_000;

export async function startSeedServer(workers = 1): Promise<SeedServer> {
  const child = spawn(process.execPath, [script, String(workers)], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.pid !== undefined) started.add(child.pid);
  const up = await within(startWithinMs, "the seed's server", firstLine(child)).catch(async (error: unknown) => {
    await stop(child);
    throw error;
  });
  const { port, workers: pids } = JSON.parse(up) as { port: number; workers: number[] };
  return { url: `ws://127.0.0.1:${port}/ws`, workers: pids, [Symbol.asyncDispose]: () => stop(child) };
}

function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('Its output was asked for.');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`The seed's server ended with ${code}.`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // It holds nothing that would be lost; its workers go when their pipe to it closes.
  child.kill('SIGKILL');
  await exited;
  started.delete(child.pid ?? 0);
}

/** Sluice as it runs in earnest: gateway and nodes as processes, over a Redis of their own. */
export interface SluiceCluster extends AsyncDisposable {
  url: string;
  /** Process ids of each node's workers, in the nodes' order. */
  nodes: { id: string; workers: number[] }[];
}

export interface SluiceOptions {
  nodes: number;
  workers: number;
  settings?: Record<string, string>;
}

export async function startSluice({ nodes, workers, settings = {} }: SluiceOptions): Promise<SluiceCluster> {
  await using undo = new AsyncDisposableStack();
  const redis = undo.use(await RedisProcess.start());
  const cluster = undo.use(await startProcessCluster({ nodes, gateways: 1, workers, redisUrl: redis.url, settings }));
  const processes = [...cluster.processes.nodes, ...cluster.processes.gateways];
  for (const { pid } of processes) started.add(pid);
  undo.defer(() => processes.forEach(({ pid }) => started.delete(pid)));
  const [gateway] = cluster.gateways;
  if (!gateway) throw new Error('A gateway was asked for.');
  const ready = async () => (await fetch(`${gateway.opsUrl}/readyz`)).ok;
  await eventually('the cluster to be ready', ready, { withinMs: startWithinMs, everyMs: 50 });
  const parts = undo.move();
  return {
    // Without a name there is nothing to look up, and no second address to try.
    url: `ws://127.0.0.1:${new URL(gateway.url).port}/ws`,
    nodes: cluster.processes.nodes.map(({ name, pid }) => ({ id: name, workers: workersOf(pid) })),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
