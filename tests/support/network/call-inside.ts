import { everybodyMeets, join, longestStandstill, picturesMove } from '../browsers/meeting.ts';
import { npmStart } from '../browsers/npm-start.ts';
import type { Tab } from '../browsers/tab.ts';
import { witness } from '../browsers/witness.ts';
import { watchPicture } from '../browsers/picture-gaps.ts';
import { type BrowserInside, chromiumFor, firefoxInside } from './browsers-inside.ts';
import { NetworkNamespace } from './namespace.ts';

/** The browsers that a person in a namespace may use. */
export type Inside = 'Chromium' | 'Firefox';

const launches: Record<Inside, (namespace: NetworkNamespace, origin: string) => Promise<BrowserInside>> = {
  Chromium: (namespace, origin) => chromiumFor(origin, namespace),
  Firefox: (namespace) => firefoxInside(namespace),
};

export interface CallInside extends AsyncDisposable {
  namespace: NetworkNamespace;
  /** In the namespace, on the first node. */
  ada: Tab;
  /** On this machine, in Chromium, on the second node. */
  bob: Tab;
  everybody: { ada: Tab; bob: Tab };
  /** The longest standstill of a picture while nothing was wrong, in ms: what this machine takes now. */
  calmMs: number;
  /** How much each way has carried while nothing was wrong, page and connections left out. */
  carried: number[];
}

/** `npm start`, and two people who see and hear each other: one in a namespace of its own. */
export async function callInside(browser: Inside, options: { waysUp?: 1 | 2 } = {}): Promise<CallInside> {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(await NetworkNamespace.create(options));
  const cluster = stack.use(await npmStart(['--host', namespace.serverAddress]));
  const inside = stack.use(await launches[browser](namespace, cluster.url));
  const outside = stack.use(await chromiumFor(cluster.url));
  const ada: Tab = await join(inside, cluster.url, { name: 'Ada', node: 'node-1' });
  const bob: Tab = await join(outside, cluster.url, { name: 'Bob', node: 'node-2' });
  const everybody = { ada, bob };
  await everybodyMeets(everybody);
  await Promise.all([witness(ada), witness(bob), watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
  const before = await namespace.traffic();
  await picturesMove(everybody);
  const carried = (await namespace.traffic()).map((bytes, way) => bytes - (before[way] ?? 0));
  const calmMs = await longestStandstill(everybody);
  const all = stack.move();
  return { namespace, ada, bob, everybody, calmMs, carried, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
