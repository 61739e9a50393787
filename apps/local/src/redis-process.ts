import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RedisProcess {
  url: string;
  stop(): Promise<void>;
}

const upWithinMs = 5000;

/**
 * A Redis of our own on a free loopback port, without persistence: what it knows can be rebuilt.
 *
 * @throws Error when there is no redis-server on the PATH, or it does not come up.
 */
export async function startRedisProcess(): Promise<RedisProcess> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'sluice-redis-'));
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
  const server = spawn('redis-server', settings, { stdio: 'ignore' });
  try {
    await Promise.race([listening(port), failed(server)]);
  } catch (error) {
    server.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const exited = once(server, 'exit');
      server.kill('SIGTERM');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function failed(server: ChildProcess): Promise<never> {
  const reason = await Promise.race([
    once(server, 'error').then(([error]) => (error as Error).message),
    once(server, 'exit').then(([code]) => `it ended with code ${code}`),
  ]);
  throw new Error(`redis-server could not be started: ${reason}. Install Redis, or name one with --redis.`);
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + upWithinMs;
  while (performance.now() < deadline) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('redis-server did not come up in time.');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
