import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { screenshot, TestBrowser } from '../../support/browsers/browser.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

/** Tiles that are not wholly within the grid, and whether anything scrolls. */
const cutOff = (page: Page) =>
  page.evaluate(() => {
    const grid = document.getElementById('grid')!;
    const space = grid.getBoundingClientRect();
    const tiles = [...grid.children].map((tile) => tile.getBoundingClientRect());
    const outside = tiles.filter(({ bottom, right }) => bottom > space.bottom + 1 || right > space.right + 1).length;
    return { outside, scrolls: grid.scrollHeight > grid.clientHeight, tiles: tiles.length };
  });

/** More people, as far as a layout can tell. */
const more = (page: Page) =>
  page.evaluate(() => {
    const grid = document.getElementById('grid')!;
    grid.append(grid.lastElementChild!.cloneNode(true));
  });

test('[CK12] with scroll bars that take room everybody is seen whole, at any size, and with the chat beside them', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch({ hideScrollbars: false });
  const url = `${cluster.gateways[0]!.url}/?join=1&name=Ada&camera=0&microphone=0`;
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 1280, height: 720 },
    { width: 800, height: 600 },
  ]) {
    const page = await browser.open(url, { viewport });
    await page.getByRole('article', { name: 'Ada (you)' }).waitFor();
    const name = `${viewport.width}x${viewport.height}`;
    for (let people = 2; people <= 9; people++) {
      await more(page);
      const whole = async () => (await cutOff(page)).outside === 0;
      await eventually(`${people} people at ${name}`, whole);
      expect(await cutOff(page)).toEqual({ outside: 0, scrolls: false, tiles: people });
      if (people === 3) {
        await page.getByRole('button', { name: 'Chat' }).click();
        await eventually(`the chat beside them at ${name}`, whole);
        await screenshot(page, `layout-${name}`);
        await page.getByRole('button', { name: 'Chat' }).click();
        await eventually(`the chat gone at ${name}`, whole);
      }
    }
    await page.close();
  }
});
