import {
  channels,
  type Clock,
  delay,
  type Directory,
  type OperationParams,
  type OperationResults,
  SluiceError,
} from '@sluice/shared';
import type { Carriage } from '../pipes/carriage.ts';
import { onClose } from '../pipes/link-end.ts';
import type { Slice } from '../room/slice.ts';
import type { Slices } from '../room/slices.ts';
import type { Ways } from './ways.ts';

export interface RelayOptions {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly slices: Slices;
  readonly pipeWatch: { readonly ways: Ways };
  readonly accepting: boolean;
}

type Request = OperationParams<'relayPipe'>;

/** How long something must come from the producer's node before we say that we have it, in ms. */
const provenWithinMs = 700;
const provenEveryMs = 50;
/** How long what was offered waits to be asked for, in ms. */
const offerMs = 3000;

/**
 * Another node cannot receive from the producer's node: fetches the producer there, so that it can be fetched here.
 *
 * @throws nodeUnavailable when nothing comes to this node either, or it would have to ask a relay itself.
 */
export async function relay(node: RelayOptions, request: Request): Promise<OperationResults['relayPipe']> {
  if (!node.accepting) throw new SluiceError('noCapacity', 'This node relays nothing at the moment.');
  const { router } = await node.slices.join(request.room, async (slice) => {
    const carriage = await offer(node, slice, request);
    keepRelaying(node, slice, carriage);
    return carriage;
  });
  return { router: router.id };
}

/** The slice stays for as long as what it relays, though no peer of the room may be here. A drain does not wait for it. */
function keepRelaying({ slices }: RelayOptions, slice: Slice, { taken }: Carriage): void {
  slice.relaying++;
  const end = () => {
    slice.relaying--;
    slices.settle(slice);
  };
  if (taken.closed) end();
  else onClose(taken, end);
}

async function offer(node: RelayOptions, slice: Slice, { producerId }: Request): Promise<Carriage> {
  await slice.open();
  await slice.feed.load();
  const record = await slice.findRecord(producerId);
  const origin = channels.node(record.node, record.boot);
  if (slice.producers.get(producerId) || node.pipeWatch.ways.isAvoided(origin)) throw notHere();
  const router = slice.pipes.entryOf(producerId) ?? (await slice.routerForPeer());
  const reach = await slice.pipes.reach(producerId, router);
  reach.open();
  node.clock.setTimer(() => reach.release(), offerMs);
  const carriage = [...slice.pipes.carriages].find(
    (one) => one.producerId === producerId && one.end.scope === 'node' && !one.relayed,
  );
  if (!carriage || !(await isProven(node, carriage))) throw notHere();
  return carriage;
}

/** Whether media comes from where the producer lives. Data cannot be seen to; its asker has nothing to lose. */
async function isProven(node: RelayOptions, { end, taken }: Carriage): Promise<boolean> {
  if (!('kind' in taken)) return true;
  const { received } = await end.traffic();
  for (let waited = 0; waited < provenWithinMs; waited += provenEveryMs) {
    await delay(node.clock, provenEveryMs);
    if ((await end.traffic()).received > received) return true;
  }
  return false;
}

const notHere = () => new SluiceError('nodeUnavailable', 'This node has it from nowhere either.');
