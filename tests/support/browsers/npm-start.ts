import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Bounds a hang: the first start in a fresh clone may still have to find its worker. */
const upWithinMs = 90_000;
const stopWithinMs = 15_000;

export interface RunningCluster extends AsyncDisposable {
  /** The address that it tells its user to open. */
  readonly url: string;
  /** All that it has printed. */
  readonly output: string;
}

/** `npm start` as a user types it, but on a port that is free; `args` follow. */
export async function npmStart(args: readonly string[] = []): Promise<RunningCluster> {
  // npm starts a shell, which starts Node: as a group of their own they can be ended together.
  const child = spawn('npm', ['start', '--', '--port', '0', ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = (): void => signal(child, 'SIGKILL');
  process.once('exit', killWithUs);
  const exited = once(child, 'exit').finally(() => process.off('exit', killWithUs));
  const lines: string[] = [];
  const timer = setTimeout(killWithUs, upWithinMs);
  try {
    const url = await Promise.race([printedUrl(child, lines), exited.then(() => undefined)]);
    if (url === undefined) throw new Error(`npm start did not come up:\n${lines.slice(-20).join('\n')}`);
    return {
      url,
      get output() {
        return lines.join('\n');
      },
      [Symbol.asyncDispose]: () => stop(child, exited),
    };
  } finally {
    clearTimeout(timer);
  }
}

function printedUrl(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const [, url] = /Open\s+(https?:\/\/\S+)/.exec(line) ?? [];
        if (url) resolve(url);
      });
    }
  });
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  signal(child, 'SIGINT');
  const timer = setTimeout(() => signal(child, 'SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(timer);
}

/** To the whole group. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has ended.
  }
}
