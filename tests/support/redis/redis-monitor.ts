import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** One command as Redis got it, from a client or from a script. */
export type SeenCommand = readonly string[];

/**
 * Tells of every command that Redis does, from the moment it resolves, until it is disposed of. It speaks to Redis
 * itself, since ioredis fails where a command is told before the answer to its own `MONITOR` was handled.
 */
export async function monitorRedis(url: string, onCommand: (command: SeenCommand) => void): Promise<Disposable> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const begun = Promise.withResolvers<void>();
  createInterface({ input: socket }).on('line', (line) => {
    if (line === '+OK') begun.resolve();
    else onCommand(Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text = '']) => unescape(text)));
  });
  socket.on('error', begun.reject);
  socket.write('MONITOR\r\n');
  await begun.promise;
  return { [Symbol.dispose]: () => socket.destroy() };
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** Redis writes bytes that are no printable ASCII as `\xHH`. */
function unescape(text: string): string {
  const bytes = text.replace(/\\(x([0-9a-f]{2})|.)/g, (_, all: string, hex: string | undefined) =>
    hex === undefined ? (escapes[all] ?? all) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
