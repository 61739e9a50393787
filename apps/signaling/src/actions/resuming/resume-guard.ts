import type { Clock, PeerId, RoomId } from '@sluice/shared';
import type { SluiceError } from '@sluice/shared';
import { hostOf } from '../../socket/address.ts';
import { type Rate, TokenBucket } from '../../session/limits.ts';
import { tooMany } from '../../session/refusals.ts';
import { isTokenOf } from './resume-token.ts';

/**
 * Wrong tokens that are looked into. 32 random bytes cannot be guessed; what is limited is the cost, which is a room
 * read for each. Of one peer a client errs once or twice; behind one address there may be a whole school whose gateway
 * was lost.
 */
const rates = {
  peer: { perSecond: 1, burst: 10 },
  address: { perSecond: 10, burst: 100 },
} as const satisfies Record<ResumeScope, Rate>;

/**
 * How many peers, and how many addresses, are remembered. Beyond it the one that was not seen for longest is forgotten.
 */
const maxRemembered = 10_000;

export type ResumeScope = 'peer' | 'address';

export interface ResumeAttempt {
  room: RoomId;
  peerId: PeerId;
  token: string;
  /** Of the client's host. */
  address: string;
  /** The hash of the peer's token, where this gateway follows the room and so knows it for nothing. */
  hash: string | undefined;
}

interface Entry {
  bucket: TokenBucket;
  /** What the last look into the room said of the peer's token. */
  hash: string | undefined;
}

/**
 * Limits resumes with wrong tokens, for each peer and for each address. Who has the right one is let through all the
 * same: over the limit a token is still compared with what is known here without asking, and a client that spends the
 * limit on wrong ones keeps that fresh.
 */
export class ResumeGuard {
  readonly #clock: Clock;
  readonly #onLimited: (scope: ResumeScope) => void;
  readonly #entries: Record<ResumeScope, Map<string, Entry>> = { peer: new Map(), address: new Map() };

  constructor(clock: Clock, onLimited: (scope: ResumeScope) => void) {
    this.#clock = clock;
    this.#onLimited = onLimited;
  }

  /** How many peers and addresses are remembered. */
  get size(): number {
    return this.#entries.peer.size + this.#entries.address.size;
  }

  /**
   * Begins an attempt, which counts as a wrong one unless `end` says otherwise.
   *
   * @throws tooManyRequests: it may be tried again later, or elsewhere.
   */
  begin(attempt: ResumeAttempt): { end(how: 'wrong' | 'right' | 'unknown', hash: string | undefined): void } {
    const peer = this.#entry('peer', JSON.stringify([attempt.room, attempt.peerId]));
    const address = this.#entry('address', hostOf(attempt.address));
    if (isProven(attempt, peer)) return { end: () => undefined };
    if (!address.bucket.take()) throw this.#refused('address');
    if (!peer.bucket.take()) {
      address.bucket.giveBack();
      throw this.#refused('peer');
    }
    return {
      end: (how, hash) => {
        if (how !== 'unknown') peer.hash = hash;
        if (how === 'wrong') return;
        peer.bucket.giveBack();
        address.bucket.giveBack();
      },
    };
  }

  #refused(scope: ResumeScope): SluiceError {
    this.#onLimited(scope);
    return tooMany('resume', 1000 / rates[scope].perSecond, 'Too many wrong resume tokens.');
  }

  /** The one asked for last is the last to be forgotten. */
  #entry(scope: ResumeScope, key: string): Entry {
    const entries = this.#entries[scope];
    const entry = entries.get(key) ?? { bucket: new TokenBucket(this.#clock, rates[scope]), hash: undefined };
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > maxRemembered && oldest !== undefined) entries.delete(oldest);
    return entry;
  }
}

function isProven({ token, hash }: ResumeAttempt, peer: Entry): boolean {
  const known = hash ?? peer.hash;
  return known !== undefined && isTokenOf(token, known);
}
