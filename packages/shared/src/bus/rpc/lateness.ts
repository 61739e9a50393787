/**
 * For how long a sender's fastest message is what others are compared with, in ms: clocks drift apart by less
 * meanwhile.
 */
const windowMs = 60_000;
/** Beyond it the sender that has been silent longest is forgotten, and begins anew. */
const maxSenders = 4096;
/** A sender's own clock has stood still where its messages stay late by the same, give or take this, in ms, … */
const steadyWithinMs = 100;
/** … while this much time passes at the sender. What was held up comes all at once instead. */
const steadyForMs = 800;

interface Sender {
  /** The smallest difference of the two clocks that was seen in the last window, and in the present one. */
  best: number;
  coming: number;
  since: number;
  /** When the latest of those that were on time was sent. */
  newest: number;
  /** The last message that came late, and was sent after all that were on time. */
  late: { at: number; offset: number } | undefined;
}

/**
 * How late messages are that were held up on their way, or by this process's own sleep. Two machines' clocks are never
 * compared: what counts is how much longer a message took than the fastest of the same sender, by each side's own
 * clock.
 */
export class Lateness {
  readonly #senders = new Map<string, Sender>();

  /** In ms. `at`: when it was sent, by the sender's monotonic clock; `now`: by ours. A sender's first is never late. */
  of(from: string, at: number, now: number): number {
    const offset = now - at;
    const sender = this.#senders.get(from);
    // Those who have spoken last stand last.
    this.#senders.delete(from);
    this.#senders.set(from, sender ?? { best: offset, coming: offset, since: now, newest: at, late: undefined });
    if (!sender) {
      this.#forgetOldest();
      return 0;
    }
    if (now - sender.since > windowMs) {
      Object.assign(sender, { best: sender.coming, coming: offset, since: now });
    }
    sender.coming = Math.min(sender.coming, offset);
    sender.best = Math.min(sender.best, offset);
    return this.#judge(sender, at, offset);
  }

  #judge(sender: Sender, at: number, offset: number): number {
    const lateMs = offset - sender.best;
    if (lateMs <= steadyWithinMs) {
      sender.late = undefined;
      sender.newest = Math.max(sender.newest, at);
      return lateMs;
    }
    // Overtaken by others: its sender's clock is well.
    if (at <= sender.newest) return lateMs;
    const { late } = sender;
    if (!late || Math.abs(offset - late.offset) > steadyWithinMs) sender.late = { at, offset };
    else if (at - late.at >= steadyForMs) {
      Object.assign(sender, { best: offset, coming: offset, newest: at, late: undefined });
      return 0;
    }
    return lateMs;
  }

  #forgetOldest(): void {
    const oldest = this.#senders.keys().next().value;
    if (this.#senders.size > maxSenders && oldest !== undefined) this.#senders.delete(oldest);
  }
}
