import type { Exchange } from '../exchange.ts';
import { bystand, type PeerOptions } from '../native/connection.ts';
import { NativePublisher } from '../native/publisher.ts';
import { NativeViewer } from '../native/viewer.ts';
import { type SeedServer, type SluiceCluster, startSeedServer, startSluice } from '../servers.ts';
import type { Case, CaseName } from './cases.ts';

export interface Rig extends AsyncDisposable {
  cases: Case[];
}

export interface RigOptions {
  viewers: number;
  packetBytes: number;
}

const room = 'bench';
/** So that viewers need not wait for an encoder: at 500 packets/s there is a key frame each 0.2 s. */
const keyFrameEvery = 100;

/** All servers and all peers of a round. They stand side by side, and only one case at a time carries media. */
export async function startRig(options: RigOptions): Promise<Rig> {
  await using undo = new AsyncDisposableStack();
  const own = <T extends AsyncDisposable>(starting: Promise<T>) => starting.then((started) => undo.use(started));
  const [bare, again, piped] = [own(startSeedServer()), own(startSeedServer()), own(startSeedServer(2))];
  const single = own(startSluice({ nodes: 3, workers: 1 }));
  const double = own(startSluice({ nodes: 1, workers: 2 }));
  // Where one has failed the others are waited for too, or they would outlive this process.
  await Promise.allSettled([bare, again, piped, single, double]);
  const made = await Promise.all([
    seedCase('bareRouter', await bare, options),
    seedCase('bareRouterAgain', await again, options),
    sluiceCase('sluiceRouter', await single, [0, 0], options),
    seedCase('barePipe', await piped, options),
    workersCase(await double, options),
    sluiceCase('sluiceNodes', await single, [1, 2], options),
  ]);
  for (const one of made) undo.use(one);
  const parts = undo.move();
  return { cases: made, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

function seedCase(name: CaseName, { url, workers }: SeedServer, options: RigOptions): Promise<Case> {
  const places = [{ worker: 0 }, { worker: workers.length - 1 }] as const;
  return gather({ name, workers, url, places, path: undefined }, options);
}

function sluiceCase(
  name: CaseName,
  { url, nodes }: SluiceCluster,
  [from, to]: [number, number],
  options: RigOptions,
): Promise<Case> {
  const [origin, far] = [nodes[from], nodes[to]];
  if (!origin || !far) throw new Error('There are not so many nodes.');
  const workers = from === to ? origin.workers : [...origin.workers, ...far.workers];
  const path = from === to ? 'router' : 'node';
  return gather({ name, workers, url, places: [{ node: origin.id }, { node: far.id }], path }, options);
}

/** The node's workers take peers in turn: a bystander before each viewer but the first fills the publisher's worker. */
function workersCase({ url, nodes }: SluiceCluster, options: RigOptions): Promise<Case> {
  const [node] = nodes;
  if (!node) throw new Error('A node was asked for.');
  const place = { node: node.id };
  const setting = {
    name: 'sluiceWorkers',
    workers: node.workers,
    url,
    places: [place, place],
    path: 'worker',
  } as const;
  return gather({ ...setting, bystanders: true }, options);
}

interface Setting {
  name: CaseName;
  workers: number[];
  url: string;
  /** The publisher's and the viewers'. */
  places: readonly [PeerOptions['place'], PeerOptions['place']];
  /** Which way the media must come; the seed's server does not say. */
  path: 'router' | 'worker' | 'node' | undefined;
  bystanders?: boolean;
}

async function gather({ name, workers, url, places, path, bystanders }: Setting, options: RigOptions): Promise<Case> {
  const [near, far] = places.map((place) => ({ url, room: `${room}-${name}`, ...(place && { place }) }));
  if (!near || !far) throw new Error('Two places were given.');
  using undo = new DisposableStack();
  const publisher = closing(
    undo,
    await NativePublisher.start({ ...near, packetBytes: options.packetBytes, keyFrameEvery }),
  );
  const viewers: NativeViewer[] = [];
  for (let count = 0; count < options.viewers; count++) {
    if (bystanders && count > 0) closing(undo, await bystand(near));
    const viewer = closing(undo, await NativeViewer.start(far));
    if (viewer.consumer.path !== path) throw new Error(`${name}: media comes by ${viewer.consumer.path}, not ${path}.`);
    viewers.push(viewer);
  }
  const parts = undo.move();
  return { name, workers, publisher, viewers, [Symbol.dispose]: () => parts.dispose() };
}

function closing<T extends NativePublisher | NativeViewer | Exchange>(stack: DisposableStack, peer: T): T {
  stack.defer(() => peer.close());
  return peer;
}
