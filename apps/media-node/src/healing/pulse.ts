/**
 * How long nothing may come of what is sent, in ms: on a link that has worked, and on one that was made anew because
 * nothing came. Longer outlasts more bursts of loss; shorter heals sooner.
 */
const patienceMs = 2000;
const suspectMs = 750;
/** Between two looks at a link, in ms: while something comes, while nothing does, and while its sender has nothing. */
const calmMs = 1000;
const anxiousMs = 250;
const longestMs = 4000;
/** Timers are late and early by some of their period. */
const slack = 0.9;

/**
 * What is known of the media that one end of a link receives. It is dead when nothing has come for a while and its
 * sender has sent more, twice in a row: of what was sent first, something should be here by then.
 */
export class Pulse {
  readonly since: number;
  #patienceMs: number;
  #received: number | undefined;
  #grewAt: number;
  #lookedAt: number;
  #askEveryMs = anxiousMs;
  #askedAt = Number.NEGATIVE_INFINITY;
  #sent: number | undefined;
  /** In how many answers in a row the sender had sent more. */
  #more = 0;

  /** `fresh`: the link was just made, and nothing was ever sent on it. `suspect`: the one before it was dead. */
  constructor({ now, fresh, suspect }: { now: number; fresh: boolean; suspect: boolean }) {
    this.since = now;
    this.#patienceMs = suspect ? suspectMs : patienceMs;
    this.#grewAt = now;
    this.#lookedAt = fresh ? now : Number.NEGATIVE_INFINITY;
    if (fresh) [this.#received, this.#sent] = [0, 0];
  }

  isDue(now: number): boolean {
    const calm = this.#patienceMs >= calmMs && now - this.#grewAt < calmMs * slack;
    return now - this.#lookedAt >= (calm ? calmMs : anxiousMs) * slack;
  }

  /** Takes in what was received in total. True when more has come. */
  look(received: number, now: number): boolean {
    this.#lookedAt = now;
    const more = this.#received !== undefined && received > this.#received;
    this.#received = received;
    if (!more) return false;
    this.#grewAt = now;
    this.#patienceMs = patienceMs;
    this.#askEveryMs = anxiousMs;
    [this.#sent, this.#more] = [undefined, 0];
    return true;
  }

  /** Whether it has been silent for so long that its sender should be asked. */
  shouldAsk(now: number): boolean {
    const silent = now - this.#grewAt >= (this.#patienceMs / 2) * slack;
    return silent && now - this.#askedAt >= this.#askEveryMs * slack;
  }

  /** Takes in what the sender has sent in total. A sender that has nothing to send is asked ever less often. */
  told(sent: number, now: number): void {
    const more = this.#sent !== undefined && sent > this.#sent;
    this.#askedAt = now;
    this.#askEveryMs = more || this.#sent === undefined ? anxiousMs : Math.min(longestMs, this.#askEveryMs * 2);
    this.#more = more ? this.#more + 1 : 0;
    this.#sent = sent;
  }

  isDead(now: number): boolean {
    return this.#more >= 2 && now - this.#grewAt >= this.#patienceMs * slack;
  }
}
