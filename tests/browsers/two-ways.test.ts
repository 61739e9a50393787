import { eventually } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { everybodyMeets, forEverybody, join, type People } from '../support/browsers/meeting.ts';
import { npmStart } from '../support/browsers/npm-start.ts';
import { testimonyOf, witness } from '../support/browsers/witness.ts';
import { type BrowserInside, chromiumFor, firefoxInside } from '../support/network/browsers-inside.ts';
import { NetworkNamespace, type WayIndex } from '../support/network/namespace.ts';
import { forgetGaps, pictureGaps, watchPicture } from '../support/picture-gaps.ts';

type Launch = (namespace: NetworkNamespace, origin: string) => Promise<BrowserInside>;

const browsers: Record<string, Launch> = {
  Chromium: (namespace, origin) => chromiumFor(origin, namespace),
  Firefox: (namespace) => firefoxInside(namespace),
};

interface Change {
  waysUp: 1 | 2;
  /** `busy`: the way that carries the media. */
  happens: (namespace: NetworkNamespace, busy: WayIndex) => Promise<void>;
}

const changes: Record<string, Change> = {
  'its network goes as another comes': {
    waysUp: 1,
    happens: async (namespace) => {
      await namespace.takeDown(0);
      await namespace.bringUp(1);
    },
  },
  'of its two networks the one that carries the media goes': {
    waysUp: 2,
    happens: (namespace, busy) => namespace.takeDown(busy),
  },
};

const cases = Object.keys(browsers).flatMap((browser) => Object.keys(changes).map((change) => ({ browser, change })));

/** Waits until everybody's picture has moved again for a while. */
const flows = (everybody: People): Promise<void> =>
  forEverybody(everybody, async (tab) => {
    const { shown } = await pictureGaps(tab);
    const moved = async () => (await pictureGaps(tab)).shown >= shown + 40;
    await eventually('a moving picture', moved, { withinMs: 40_000, everyMs: 50 });
  });

test.skipIf(process.platform !== 'linux').each(cases)(
  '[CL54] $browser: $change, and pictures move again within 10 s, both ways, and the person is told',
  async ({ browser, change }) => {
    const { waysUp, happens } = changes[change] as Change;
    await using namespace = await NetworkNamespace.create({ waysUp });
    await using cluster = await npmStart(['--host', namespace.serverAddress]);
    await using inside = await (browsers[browser] as Launch)(namespace, cluster.url);
    await using outside = await chromiumFor(cluster.url);
    const ada = await join(inside, cluster.url, { name: 'Ada', node: 'node-1' });
    const bob = await join(outside, cluster.url, { name: 'Bob', node: 'node-2' });
    const everybody = { ada, bob };
    await everybodyMeets(everybody);
    await Promise.all([witness(ada), witness(bob), watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
    const before = await namespace.traffic();
    await flows(everybody);
    const carried = (await namespace.traffic()).map((bytes, way) => bytes - (before[way] ?? 0));
    const calm = Math.max(await forgetGaps(ada), await forgetGaps(bob));

    await happens(namespace, (carried[0] ?? 0) > (carried[1] ?? 0) ? 0 : 1);
    const felt = async () => (await pictureGaps(ada)).sinceLastMs > Math.max(500, 2 * calm);
    await eventually('the picture to stand still', felt, { withinMs: 10_000, everyMs: 20 });
    await flows(everybody);
    const still = Math.max(await forgetGaps(ada), await forgetGaps(bob));
    console.log(browser, change, still, calm, JSON.stringify([await testimonyOf(ada), await testimonyOf(bob)]));
    expect(still).toBeLessThan(10_000 + calm);
    expect((await testimonyOf(ada)).told.join(' ')).toMatch(/reconnecting/i);
    for (const tab of [ada, bob]) expect(await testimonyOf(tab)).toMatchObject({ left: [], ends: [] });
  },
);
