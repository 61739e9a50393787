import { eventually } from '@sluice/shared/testing';
import { hearsSound, received, seesFrames } from './browser-media.ts';
import { forgetGaps, pictureGaps } from './picture-gaps.ts';
import type { Opens, Tab } from './tab.ts';

/** Small pictures: three browsers encode and decode them on two cores. */
const size = '320x180';

/** Opens the meeting page and joins as a person does, with a click: Firefox plays no sound before one. */
export async function join<T extends Tab>(
  browser: Opens<T>,
  url: string,
  parameters: { name: string } & Record<string, string>,
): Promise<T> {
  const tab = await browser.open(`${url}/?${new URLSearchParams({ room: 'demo', size, ...parameters })}`);
  await tab.click('#join');
  const joined = () => tab.evaluate(() => window.sluice?.room !== undefined, undefined);
  await eventually(`${parameters.name} to be in the room`, joined, { withinMs: 30_000, everyMs: 50 });
  return tab;
}

/** People by their names. */
export type People = Record<string, Tab>;

/** Waits until each of these people sees moving pictures of all others, and hears them. */
export function everybodyMeets(people: People, withinMs = 30_000): Promise<void> {
  const expected = { tracks: Object.keys(people).length - 1, withinMs };
  return forEverybody(people, async (tab) => {
    await Promise.all([seesFrames(tab, 20, expected), hearsSound(tab, expected)]);
  });
}

/** Waits until everybody's picture, of those that `watchPicture` watches, has moved again for a while. */
export function picturesMove(people: People, withinMs = 40_000): Promise<void> {
  return forEverybody(people, async (tab) => {
    const { shown } = await pictureGaps(tab);
    const moved = async () => (await pictureGaps(tab)).shown >= shown + 40;
    await eventually('a moving picture', moved, { withinMs, everyMs: 50 });
  });
}

/** The longest time that anybody's picture stood still since this was last asked, in ms. */
export async function longestStandstill(people: People): Promise<number> {
  return Math.max(...(await Promise.all(Object.values(people).map(forgetGaps))));
}

/** A failure names the people, and says what everybody's page shows and receives. */
export async function forEverybody(people: People, check: (tab: Tab) => Promise<void>): Promise<void> {
  const all = Object.entries(people);
  const results = await Promise.allSettled(all.map(([, tab]) => check(tab)));
  const failures = results.flatMap((result, at) =>
    result.status === 'rejected' ? [`${all[at]?.[0]}: ${String(result.reason)}`] : [],
  );
  if (failures.length === 0) return;
  const states = await Promise.all(all.map(async ([name, tab]) => `${name}'s page: ${await stateOf(tab)}`));
  throw new Error([...failures, ...states].join('\n'));
}

async function stateOf(tab: Tab): Promise<string> {
  const [words, tracks, seen] = await Promise.all([
    wordsOn(tab),
    received(tab),
    tab.evaluate(() => ({ testimony: window.testimony, gaps: window.pictureGaps }), undefined),
  ]);
  return [words, ...tracks, seen].map((one) => JSON.stringify(one)).join('\n');
}

/** The text that a person sees on the page. */
export const wordsOn = (tab: Tab): Promise<string> => tab.evaluate(() => document.body.innerText, undefined);
