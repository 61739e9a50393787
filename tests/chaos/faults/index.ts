import type { Fault } from '../fault.ts';
import { busFaults } from './bus.ts';
import { clockFaults } from './clocks.ts';
import { clientFaults } from './clients.ts';
import { drainFaults } from './drains.ts';
import { gatewayFaults } from './gateways.ts';
import { mediaWayFaults } from './media-ways.ts';
import { networkFaults } from './network.ts';
import { nodeFaults } from './nodes.ts';
import { pipeFaults } from './pipes.ts';
import { redisFaults } from './redis.ts';
import { silentFaults } from './silences.ts';
import { waitingFaults } from './waiting.ts';

/** By their numbers in the catalogue. */
export const faults: readonly Fault[] = [
  ...nodeFaults,
  ...drainFaults,
  ...gatewayFaults,
  ...redisFaults,
  ...networkFaults,
  ...mediaWayFaults,
  ...silentFaults,
  ...waitingFaults,
  ...busFaults,
  ...pipeFaults,
  ...clientFaults,
  ...clockFaults,
].toSorted(
  (one, other) => Number.parseInt(one.id, 10) - Number.parseInt(other.id, 10) || one.id.localeCompare(other.id),
);
