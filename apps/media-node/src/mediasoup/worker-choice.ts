import { SluiceError } from '@sluice/shared';

/** What the choice of a worker looks at. */
export interface WorkerState {
  /** Share of its core in use, 0–1, over the last samples. */
  readonly load: number;
  /** Peers that were placed there lately and that the samples don't show yet. */
  readonly placed: number;
  /** Peers of all rooms whose transports are there. */
  readonly peers: number;
}

/**
 * What a peer is taken to cost until the samples show it, as a share of a core. Higher spreads a burst of silent peers
 * over more workers than they need; lower puts a burst of publishers on one.
 */
const placedCost = 0.01;
/**
 * What a peer costs beside its media. It decides between workers that are about equally loaded: rooms that are silent now
 * will speak later, and peers are not moved between workers.
 */
const peerCost = 0.001;

/** The load of a worker once the samples show the peers that were just placed there. */
export const expectedLoad = ({ load, placed }: WorkerState): number => load + placed * placedCost;

/** @throws noCapacity when there are none. */
export function coolest<W extends WorkerState>(workers: readonly W[]): W {
  const cost = (worker: W) => expectedLoad(worker) + worker.peers * peerCost;
  const [first, ...rest] = workers;
  if (!first) throw new SluiceError('noCapacity', 'This node has no worker at the moment.');
  return rest.reduce((best, worker) => (cost(worker) < cost(best) ? worker : best), first);
}
