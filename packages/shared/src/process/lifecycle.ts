import type { Logger } from '../base/logging.ts';

/** One thing that a process starts and stops. */
export interface Step {
  name: string;
  start?: () => Promise<void> | void;
  /** Its start depends on another machine's being there, and takes as long as that does. */
  waits?: boolean;
  stop?: () => Promise<void> | void;
}

const startLimitMs = 30_000;
const stopLimitMs = 10_000;

/**
 * Starts steps in order and stops them in reverse, each with a time limit that blames it by name. A step that fails to
 * start stops those before it; one that fails to stop does not keep the others from stopping.
 */
export class Lifecycle {
  readonly #log: Logger;
  readonly #started: Step[] = [];
  #stopping: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  async start(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      try {
        await withLimit(step.start?.(), step.waits ? undefined : startLimitMs, `starting ${step.name}`);
        this.#started.push(step);
      } catch (cause) {
        await this.stop();
        throw new Error(`Could not start ${step.name}.`, { cause });
      }
    }
  }

  /** Idempotent: a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let step = this.#started.pop(); step; step = this.#started.pop()) {
      try {
        await withLimit(step.stop?.(), stopLimitMs, `stopping ${step.name}`);
      } catch (error) {
        this.#log.error({ error, step: step.name }, 'A step did not stop cleanly.');
      }
    }
  }
}

async function withLimit(work: Promise<void> | void, limitMs: number | undefined, what: string): Promise<void> {
  if (!(work instanceof Promise) || limitMs === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Gave up ${what} after ${limitMs} ms.`)), limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
