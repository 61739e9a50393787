import { SluiceError } from './errors.ts';

/**
 * What one peer may have written as messages: so many bytes at once, and so many a second in the long run. More lets
 * heavier applications talk; less keeps what one client can make Redis, and everyone in its room, carry smaller. Two of
 * the longest messages a second, or a hundred of 300 bytes.
 */
const atOnce = 524_288;
const perSecond = 32_768;

/** A budget of bytes that grows with time. */
export class ByteBudget {
  #left = atOnce;
  #filledAt: number | undefined;

  /**
   * Takes the bytes of a message. `now` is in ms, on this process's clock.
   *
   * @throws tooManyRequests where they are not there yet; `details.retryAfterMs` says when they will be.
   */
  take(bytes: number, now: number): void {
    const grown = ((now - (this.#filledAt ?? now)) / 1000) * perSecond;
    this.#left = Math.min(atOnce, this.#left + grown);
    this.#filledAt = now;
    if (bytes > this.#left) {
      const retryAfterMs = Math.ceil(((bytes - this.#left) / perSecond) * 1000);
      throw new SluiceError('tooManyRequests', 'Too many bytes of messages.', {
        details: { limit: 'messageBytes', retryAfterMs },
      });
    }
    this.#left -= bytes;
  }
}
