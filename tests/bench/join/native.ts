import { setTimeout as wait } from 'node:timers/promises';
import { NativePublisher } from '../native/publisher.ts';
import { NativeViewer, type ViewerTimes } from '../native/viewer.ts';
import type { PeerOptions } from '../native/connection.ts';
import type { SeedServer, SluiceCluster } from '../servers.ts';
import type { JoinCase } from './cases.ts';

export interface NativeOptions {
  bare: SeedServer;
  sluice: SluiceCluster;
  joinsPerSecond: number;
  /** How often each case has its turn, and how many join in it. */
  rounds: number;
  joinsPerRound: number;
}

export const nativeCases: Record<string, JoinCase> = {
  bare: { title: "the seed's server, one process" },
  sluiceSame: { title: 'Sluice, same node', beside: { yardstick: 'bare', bar: 1.5 } },
  sluiceAcross: { title: 'Sluice, across nodes, the pipe made by the join', beside: { yardstick: 'bare', bar: 2.5 } },
  sluiceStanding: { title: 'Sluice, across nodes, the pipe there already', beside: { yardstick: 'bare', bar: 2.5 } },
};

/** Joins go round these, each with a publisher: so a room's pipe is let go before the next one joins it. */
const rooms = 10;
/** A packet each 4 ms, each a key frame: nobody waits for an encoder, and for its clock 2 ms at the median. */
const packetsPerSecond = 250;
const packetBytes = 300;
const joinWithinMs = 10_000;

export interface NativeResult {
  times: Record<string, ViewerTimes[]>;
  /** Joins that never saw a packet, and what they said. */
  failures: Record<string, string[]>;
}

/** Viewers come and go at a fixed rate, whether or not those before them have got through. */
export async function measureNative(options: NativeOptions): Promise<NativeResult> {
  const { bare, sluice, rounds } = options;
  const [near, far] = sluice.nodes;
  if (!near || !far) throw new Error('Two nodes were asked for.');
  await using stage = new AsyncDisposableStack();
  const perform = async (url: string, name: string, node?: string) => {
    for (let index = 0; index < rooms; index++)
      stage.use(await performing({ url, room: `${name}-${index}`, ...at(node) }));
  };
  await perform(bare.url, 'native');
  await perform(sluice.url, 'native', near.id);
  await perform(sluice.url, 'standing', near.id);
  for (let index = 0; index < rooms; index++) {
    const viewer = await NativeViewer.start({ url: sluice.url, room: `standing-${index}`, ...at(far.id) });
    stage.defer(() => viewer.close());
  }
  const places: Record<string, (room: number) => PeerOptions> = {
    bare: (room) => ({ url: bare.url, room: `native-${room}` }),
    sluiceSame: (room) => ({ url: sluice.url, room: `native-${room}`, ...at(near.id) }),
    sluiceAcross: (room) => ({ url: sluice.url, room: `native-${room}`, ...at(far.id) }),
    sluiceStanding: (room) => ({ url: sluice.url, room: `standing-${room}`, ...at(far.id) }),
  };
  const result: NativeResult = { times: {}, failures: {} };
  for (let round = -1; round < rounds; round++) {
    for (const [name, place] of Object.entries(places))
      await wave(name, place, round < 0 ? undefined : result, options);
  }
  return result;
}

const at = (node: string | undefined) => (node === undefined ? {} : { place: { node } });

/** A publisher that sends until it is disposed of. */
async function performing(options: PeerOptions): Promise<AsyncDisposable> {
  const publisher = await NativePublisher.start({ ...options, packetBytes, keyFrameEvery: 1 });
  const sending = publisher.volley(Number.POSITIVE_INFINITY, packetsPerSecond);
  return {
    [Symbol.asyncDispose]: async () => {
      publisher.close();
      await sending;
    },
  };
}

/** One case's turn. Without a result it only warms up. */
async function wave(
  name: string,
  place: (room: number) => PeerOptions,
  result: NativeResult | undefined,
  { joinsPerSecond, joinsPerRound }: NativeOptions,
): Promise<void> {
  const began = performance.now();
  const joins: Promise<ViewerTimes>[] = [];
  for (let index = 0; index < joinsPerRound; index++) {
    await wait(Math.max(0, began + (index * 1000) / joinsPerSecond - performance.now()));
    joins.push(comeAndGo(place(index % rooms)));
  }
  const outcomes = await Promise.allSettled(joins);
  if (!result) return;
  const reached = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => String(reason));
  (result.times[name] ??= []).push(...reached);
  (result.failures[name] ??= []).push(...failed);
}

async function comeAndGo(options: PeerOptions): Promise<ViewerTimes> {
  const viewer = await NativeViewer.start(options);
  try {
    const late = wait(joinWithinMs, 'late', { ref: false });
    if ((await Promise.race([viewer.firstPacket, late])) === 'late') throw new Error('No packet came.');
    return viewer.times;
  } finally {
    viewer.close();
  }
}
