import { hearsSound, received, seesFrames } from '../browser-media.ts';
import type { Tab } from './tab.ts';

/** Small pictures: three browsers encode and decode them on two cores. */
const size = '320x180';

/** The meeting page's address for somebody who joins without asking. */
export function joinAddress(url: string, name: string, further: Record<string, string> = {}): string {
  return `${url}/?${new URLSearchParams({ room: 'demo', join: '1', size, name, ...further })}`;
}

/** Waits until each of these people sees moving pictures of all others, and hears them. */
export async function everybodyMeets(people: Record<string, Tab>, withinMs = 30_000): Promise<void> {
  const tabs = Object.entries(people);
  const expected = { tracks: tabs.length - 1, withinMs };
  const meets = async ([name, tab]: [string, Tab]): Promise<void> => {
    try {
      await Promise.all([seesFrames(tab, 20, expected), hearsSound(tab, expected)]);
    } catch (error) {
      const state = await Promise.all([received(tab), wordsOn(tab)]);
      throw new Error(`${name} does not see or hear everybody: ${JSON.stringify(state)}`, { cause: error });
    }
  };
  await Promise.all(tabs.map(meets));
}

/** The text that a person sees on the page. */
export const wordsOn = (tab: Tab): Promise<string> => tab.evaluate(() => document.body.innerText, undefined);
