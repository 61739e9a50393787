import type { Change, Committed, PeerRecord, Position, ProducerRecord } from '@sluice/shared';
import { FencedError, SluiceError } from '@sluice/shared';
import type { LeaveReason } from '@sluice/shared/protocol';

export interface SliceWriterOptions {
  write: (changes: readonly Change[]) => Promise<Committed>;
  /** The directory has lost the room: resolves when it has been told what is here, or can't be. Never rejects. */
  onLost: () => Promise<void>;
  /** A write was refused: this boot is fenced here. */
  onFenced: () => void;
}

/** A peer that leaves, with its producers; one that has not entered may be missing in the directory. */
export interface Leaver {
  peer: PeerRecord;
  producers: readonly ProducerRecord[];
  hasEntered: boolean;
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
  async commit(changes: readonly Change[]): Promise<Committed> {
    const committed = await this.#write(changes);
    return this.#isOfAnotherLife(committed) ? this.#writeAgain(changes) : committed;
  }

  /**
   * As `commit`, for one change that a client is answered for. Where the record that it changes is missing, the directory
   * has lost it: this node's part of the room is written again, and then the change.
   *
   * @throws peerNotFound where the record is another owner's by now, coordinatorUnavailable where it is missing still.
   */
  async write(change: Change): Promise<Position> {
    const first = await this.#write([change]);
    const isLost = this.#isOfAnotherLife(first) || first.outcomes.includes('missing');
    const { outcomes, epoch, seq } = isLost ? await this.#writeAgain([change]) : first;
    if (outcomes.includes('other')) throw new SluiceError('peerNotFound', 'This peer has moved on.');
    if (outcomes.includes('missing'))
      throw new SluiceError('coordinatorUnavailable', 'The room is being written again.');
    return { epoch, seq };
  }

  /** Writes that a peer has left. */
  async leave({ peer, producers, hasEntered }: Leaver, reason: LeaveReason): Promise<void> {
    const { peerId, resumeHash } = peer;
    const producerIds = producers.map(({ producerId }) => producerId);
    const leaving: Change = { type: 'removePeer', peerId, resumeHash, reason, producerIds };
    const { outcomes } = await this.commit([leaving]);
    if (!hasEntered || !outcomes.includes('missing')) return;
    // The directory has lost it. The others still have it in their pictures, and would not hear that it left.
    const back = producers.map((producer): Change => ({ type: 'restoreProducer', producer }));
    await this.commit([{ type: 'restorePeer', peer }, ...back, leaving]);
  }

  #isOfAnotherLife({ epoch }: Committed): boolean {
    return this.life !== undefined && epoch !== this.life;
  }

  async #writeAgain(changes: readonly Change[]): Promise<Committed> {
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

  #write(changes: readonly Change[]): Promise<Committed> {
    return this.fenced(() => this.#options.write(changes));
  }
}
