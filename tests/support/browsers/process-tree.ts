import { readdirSync, readFileSync } from 'node:fs';

/** The processes of a browser that was started with this flag, those that it started too. */
export function processesWith(flag: string): number[] {
  const all = readdirSync('/proc').map(Number).filter(Boolean);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const found = new Set(all.filter((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(flag)));
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Stops them where they are, as a laptop that falls asleep does. Returns what wakes them up. */
export function freeze(pids: readonly number[]): () => void {
  const send = (signal: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
    }
  };
  const thaw = (): void => {
    process.off('exit', thaw);
    send('SIGCONT');
  };
  process.once('exit', thaw);
  send('SIGSTOP');
  return thaw;
}

/** The fourth field; the second is the program's name, in brackets, and may hold spaces. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
