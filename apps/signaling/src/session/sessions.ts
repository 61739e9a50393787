import type { CloseCodeName } from '@sluice/shared';

/** A connection that can be closed, and says when that is through. */
export interface Closable {
  close(code: CloseCodeName): void;
  /** Resolves when the connection is closed and its peer, if it had one, was taken off its node. */
  ended(): Promise<void>;
}

/** Every connection of a gateway, joined or not. */
export class Sessions<S extends Closable> {
  readonly #all = new Set<S>();

  get size(): number {
    return this.#all.size;
  }

  add(session: S): void {
    this.#all.add(session);
  }

  delete(session: S): void {
    this.#all.delete(session);
  }

  /** Closes all; resolves when each has left its room, or is known not to be able to. */
  async closeAll(code: CloseCodeName): Promise<void> {
    const sessions = [...this.#all];
    const ended = sessions.map((session) => session.ended());
    for (const session of sessions) session.close(code);
    await Promise.all(ended);
  }
}
