import type { Envelope } from './envelope.ts';

/**
 * Keeps the order of what a process is told: what a caller does with the answer to its call comes before anything that came
 * behind that answer. A caller goes on in a promise, and a connection hands over several messages in one turn: a client
 * would hear of its first consumers at a new node before the move itself.
 */
export class AfterReplies {
  readonly #take: (message: Envelope) => void;
  readonly #onError: (error: unknown) => void;
  /** As many as one turn of the event loop brings. */
  #behind: Envelope[] = [];
  #holding = false;

  constructor(take: (message: Envelope) => void, onError: (error: unknown) => void) {
    this.#take = take;
    this.#onError = onError;
  }

  accept(message: Envelope): void {
    const isReply = message.type === 'reply';
    if (this.#holding && (!isReply || this.#behind.length > 0)) {
      this.#behind.push(message);
      return;
    }
    this.#take(message);
    if (isReply && !this.#holding) this.#hold();
  }

  /** One that cannot be handled keeps none of the others back. */
  #acceptGuarded(message: Envelope): void {
    try {
      this.accept(message);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Until all promises of this turn have been followed. */
  #hold(): void {
    this.#holding = true;
    setImmediate(() => {
      this.#holding = false;
      const behind = this.#behind;
      this.#behind = [];
      for (const message of behind) this.#acceptGuarded(message);
    });
  }
}
