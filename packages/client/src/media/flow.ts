import { hasAnswered, mediaHasGrown, type Received } from './signs-of-life.ts';

/** How often to look while something comes, in ms. */
const lookEveryMs = 500;
/** How often to look while nothing comes that did, in ms. */
const lookAgainMs = 250;
/** In looks. What came in so many in a row flows steadily: media does, and the little that comes for a muted peer does not. */
const steadyAfter = 4;
/** So many looks without anything take `ms` from the last that saw something. */
const looksIn = (ms: number): number => 1 + (ms - lookEveryMs) / lookAgainMs;
/** For what flowed at 25 pictures or 50 packets of sound a second, or answers what is sent. */
const stillAfter = looksIn(1250);
/**
 * A browser that has received nothing for 2.5 s checks its way by itself, several times a second, and by then has the
 * answer of a way that stands (libwebrtc's `receiving_timeout`). Before that one transport alone can't tell whether the
 * others have only stopped to send.
 */
const silentAfter = looksIn(2750);

/** Tells from looks at what a transport has received whether its steady flow has stopped. */
export class Flow {
  #last: Received | undefined;
  /** At the last look that saw something new of a steady flow. */
  #stopped: Received | undefined;
  #grown = 0;
  #still = 0;

  /** A steady flow brings nothing new at the moment. */
  get hasStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** When to look next, in ms from now. */
  get lookAfterMs(): number {
    return this.hasStopped ? lookAgainMs : lookEveryMs;
  }

  /** It flows steadily, or did until it stopped. */
  get wasSteady(): boolean {
    return this.hasStopped || this.#grown >= steadyAfter;
  }

  /** A steady flow has stopped. Its way may be lost, or its sender may have stopped. */
  get isStill(): boolean {
    return this.hasStopped && this.#still >= stillAfter;
  }

  /** A steady flow has stopped, and its way answers no more. */
  get isSilent(): boolean {
    const { last, stopped } = { last: this.#last, stopped: this.#stopped };
    return last !== undefined && stopped !== undefined && this.#still >= silentAfter && !hasAnswered(stopped, last);
  }

  look(now: Received | undefined): void {
    const before = this.#last;
    this.#last = now;
    if (before && now && !mediaHasGrown(before, now)) {
      if (this.#still++ === 0 && this.#grown >= steadyAfter) this.#stopped = before;
      this.#grown = 0;
    } else {
      this.#grown++;
      this.#still = 0;
      this.#stopped = undefined;
    }
  }
}
