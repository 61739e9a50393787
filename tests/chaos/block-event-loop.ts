import { eventually } from '@sluice/shared/testing';
import * as z from 'zod';

const targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
/** Where Node's debugger listens when a signal starts it. */
const debuggerUrl = 'http://127.0.0.1:9229/json';

/** Keeps the main thread of a Node process busy, as a runaway computation would. Resolves when it has begun. */
export async function blockEventLoop(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const [target] = await eventually('the debugger', async () => targets.parse(await (await fetch(debuggerUrl)).json()));
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  const done = new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
  const expression = `{ const until = Date.now() + ${ms}; while (Date.now() < until); setImmediate(() => process.getBuiltinModule('node:inspector').close()); }`;
  socket.send(
    JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, includeCommandLineAPI: true } }),
  );
  await done;
  socket.close();
}
