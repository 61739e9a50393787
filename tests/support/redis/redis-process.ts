import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../../../packages/shared/testing/index.ts';

/** A port without a listener now. Another process may take it before its user does, who then has to try again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
  return address.port;
}

/** Below the ports that the system gives to outgoing connections (32768 and up), which may be taken any moment. */
const quietPorts = { from: 15_000, to: 30_000 } as const;

/** The first of so many ports in a row without a listener now. */
export async function freePorts(count: number): Promise<number> {
  const { from, to } = quietPorts;
  for (;;) {
    const first = from + Math.floor(Math.random() * (to - from));
    const ports = Array.from({ length: count }, (_, at) => first + at);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** One command to a server, over a connection of its own. */
export async function ask(port: number, command: string, ...args: (string | number)[]): Promise<unknown> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // A failed connection rejects the command too.
  client.on('error', () => undefined);
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

export interface RedisProcessOptions {
  args?: readonly string[];
  /** A Sentinel's configuration, which it rewrites itself; it makes the server one. */
  config?: string;
  clusterPort?: number;
}

// A test process that is told to end leaves by way of 'exit', where each server is killed.
process.once('SIGTERM', () => process.exit(143));

/** A redis-server of our own on loopback, without persistence: what it knew is gone when it is killed. */
export class RedisProcess {
  readonly port: number;
  /** Where Cluster nodes talk to each other; 0 where it is none. */
  readonly clusterPort: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, args: readonly string[], clusterPort: number) {
    this.port = port;
    this.clusterPort = clusterPort;
    this.#folder = folder;
    this.#args = args;
  }

  static async start({ args = [], config, clusterPort = 0 }: RedisProcessOptions = {}): Promise<RedisProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'));
    const file = join(folder, 'sentinel.conf');
    if (config !== undefined) await writeFile(file, config);
    const mode = config === undefined ? ['--save', '', '--appendonly', 'no'] : ['--sentinel'];
    const server = new RedisProcess(
      await freePort(),
      folder,
      [...(config === undefined ? [] : [file]), ...mode, ...args],
      clusterPort,
    );
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it where it does not run; resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    // A configuration file, where there is one, comes first.
    const options = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder];
    const child = spawn('redis-server', [...this.#args, ...options], { stdio: 'ignore' });
    this.#child = child;
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    await once(child, 'spawn');
    await eventually(`redis-server on port ${this.port}`, () => ask(this.port, 'PING'));
  }

  /** Frozen: connections stand, nothing is answered. */
  async pause(): Promise<void> {
    this.#child?.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
