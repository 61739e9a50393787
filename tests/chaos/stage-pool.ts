import { Stage, type StageOptions } from './stage.ts';

type Shape = StageOptions | undefined;

export interface StagePoolOptions {
  /** How many stand at once, at most. */
  stages: number;
  /** Hears what the processes log. */
  onLine?: ((name: string, line: string) => void) | undefined;
}

/** Stages that stand ready: the peers on one are watched after a fault while the next fault is done on another. */
export class StagePool implements AsyncDisposable {
  readonly #options: StagePoolOptions;
  readonly #shapes = new Map<Stage, Shape>();
  readonly #idle: Stage[] = [];
  #given = Promise.withResolvers<void>();

  constructor(options: StagePoolOptions) {
    this.#options = options;
  }

  /** A stage of this shape that is not in use. */
  async take(shape: Shape): Promise<Stage> {
    for (;;) {
      const at = this.#idle.findIndex((stage) => this.#shapes.get(stage) === shape);
      const [ready] = at < 0 ? [] : this.#idle.splice(at, 1);
      if (ready) return ready;
      if (this.#shapes.size < this.#options.stages) return this.#start(shape);
      const other = this.#idle.shift();
      if (other) await this.#end(other);
      else await this.#given.promise;
    }
  }

  /** Takes a stage back. One on which something went wrong or was left behind is not used again. */
  async give(stage: Stage, { good }: { good: boolean }): Promise<void> {
    if (good) this.#idle.push(stage);
    else await this.#end(stage);
    this.#given.resolve();
    this.#given = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#shapes.keys()].map((stage) => this.#end(stage)));
  }

  async #start(shape: Shape): Promise<Stage> {
    const stage = await Stage.start(shape, this.#options.onLine);
    this.#shapes.set(stage, shape);
    return stage;
  }

  async #end(stage: Stage): Promise<void> {
    await stage[Symbol.asyncDispose]();
    this.#shapes.delete(stage);
  }
}
