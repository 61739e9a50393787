import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  name: string;
  /** A TypeScript file: this process's own Node runs it. */
  script: string;
  environment: Record<string, string | undefined>;
  onLine?(name: string, line: string): void;
}

/** What a process says of itself in the log line that it is up. */
export interface Up {
  port?: number;
  opsPort: number;
}

/** Hangs are bounded by it, nothing is measured: a busy machine takes its time to load all modules. */
const upWithinMs = 60_000;
const stopWithinMs = 15_000;

/** One process of a cluster. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number>;
  #up: Up | undefined;

  private constructor(options: ChildOptions) {
    this.name = options.name;
    this.#process = spawn(process.execPath, [options.script], {
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#process, 'exit').then(([code]) => (code as number | null) ?? -1);
    // A parent that ends without stopping its cluster, by a fault of its own, takes it along.
    const killWithUs = (): boolean => this.#process.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.#process.once('exit', () => process.off('exit', killWithUs));
  }

  /** Resolves when it has said that it is up. Rejects when it ends before, or says nothing for too long. */
  static async start(options: ChildOptions): Promise<Child> {
    const child = new Child(options);
    const lines: string[] = [];
    const up = child.#watch((line) => {
      lines.push(line);
      options.onLine?.(options.name, line);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), upWithinMs);
    try {
      await Promise.race([up, child.#exited]);
      if (!child.#up) throw new Error(`${options.name} did not come up:\n${lines.slice(-20).join('\n')}`);
      return child;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get up(): Up {
    if (!this.#up) throw new Error(`${this.name} is not up.`);
    return this.#up;
  }

  /** Its exit code; −1 when a signal ended it. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks it to stop now, without draining, and stops asking after a while. Resolves to its exit code. */
  async stop(): Promise<number> {
    this.kill('SIGINT');
    const timer = setTimeout(() => this.kill('SIGKILL'), stopWithinMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #watch(onLine: (line: string) => void): Promise<void> {
    const { stdout, stderr } = this.#process;
    if (stderr) createInterface({ input: stderr }).on('line', onLine);
    return new Promise((resolve) => {
      if (!stdout) return;
      createInterface({ input: stdout }).on('line', (line) => {
        onLine(line);
        if (this.#up || !line.includes(' is up."')) return;
        this.#up = JSON.parse(line) as Up;
        resolve();
      });
    });
  }
}
