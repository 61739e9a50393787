import type { Change, Position } from '@sluice/shared';
import { FencedError, SluiceError } from '@sluice/shared';

export interface SliceWriterOptions {
  write: (changes: readonly Change[]) => Promise<Position>;
  /** The directory has lost the room: resolves when it has been told what is here, or can't be. Never rejects. */
  onLost: () => Promise<void>;
  /** A write was refused: this boot is fenced here. */
  onFenced: () => void;
}

/** How a slice writes to the directory, and what it makes of the answers. */
export class SliceWriter {
  /** The life of the room that our peers are in. */
  life: number | undefined;
  readonly #options: SliceWriterOptions;

  constructor(options: SliceWriterOptions) {
    this.#options = options;
  }

  /**
   * Writes of one process reach the directory in the order they were begun. In a room that it has lost, or has in a life
   * in which our peers are not, none of it can have been taken in: they come first, and it is said again.
   */
  async commit(changes: readonly Change[]): Promise<Position> {
    const position = await this.#write(changes);
    if (this.life === undefined || position.epoch === this.life) return position;
    await this.#options.onLost();
    return this.#write(changes);
  }

  async restore(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) this.life = (await this.#write(changes)).epoch;
  }

  /** Runs a write; one that was refused because this boot is fenced here ends the slice. */
  async fenced<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
      this.#options.onFenced();
      throw new SluiceError('nodeUnavailable', 'This node has lost its part of the room.', { cause: error });
    }
  }

  #write(changes: readonly Change[]): Promise<Position> {
    return this.fenced(() => this.#options.write(changes));
  }
}
