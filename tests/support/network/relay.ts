import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetworkNamespace } from './namespace.ts';
import { joined } from './splice.ts';

const inside = fileURLToPath(new URL('relay-inside.ts', import.meta.url));

/**
 * A loopback port of this machine that leads to the same port of the namespace's loopback. By a socket file, which both
 * see: no network of the namespace is used, and its faults don't cut it.
 */
export async function relayPort(namespace: NetworkNamespace, port: number): Promise<AsyncDisposable> {
  const file = join(namespace.folder, `port-${port}`);
  const [program, args] = namespace.command(process.execPath, inside, file, String(port));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const killWithUs = (): boolean => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  await once(child.stdout, 'data');
  const server = createServer((client) => joined(client, connect(file)));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      process.off('exit', killWithUs);
      const exited = once(child, 'exit');
      killWithUs();
      await exited;
    },
  };
}
