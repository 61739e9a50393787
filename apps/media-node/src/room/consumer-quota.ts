import { type ProducerId, SluiceError } from '@sluice/shared';
import { peerLimits } from '../config.ts';

/**
 * How many consumers a peer has, those that are being made included: what is asked for at the same time can't pass the
 * limits together.
 */
export class ConsumerQuota {
  readonly #byProducer = new Map<ProducerId, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  has(producerId: ProducerId): boolean {
    return this.#byProducer.has(producerId);
  }

  /**
   * Counts one more, until the returned function is called. That may be called more than once.
   *
   * @throws limitExceeded
   */
  reserve(producerId: ProducerId): () => void {
    const known = this.#byProducer.get(producerId) ?? 0;
    if (known >= peerLimits.consumersOfProducer) throw beyond('consumersOfProducer');
    if (this.#total >= peerLimits.consumers) throw beyond('consumers');
    this.#byProducer.set(producerId, known + 1);
    this.#total++;
    let counted = true;
    return () => {
      if (counted) this.#giveBack(producerId);
      counted = false;
    };
  }

  #giveBack(producerId: ProducerId): void {
    this.#total--;
    const left = (this.#byProducer.get(producerId) ?? 1) - 1;
    if (left > 0) this.#byProducer.set(producerId, left);
    else this.#byProducer.delete(producerId);
  }
}

function beyond(limit: 'consumers' | 'consumersOfProducer'): SluiceError {
  const what = limit === 'consumers' ? 'consumers' : 'consumers of one producer';
  return new SluiceError('limitExceeded', `A peer may have ${peerLimits[limit]} ${what}.`, { details: { limit } });
}
