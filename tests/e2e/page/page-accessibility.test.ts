import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { screenshot, TestBrowser } from '../../support/browsers/browser.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

interface Axe {
  run: (options: object) => Promise<{
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  }>;
}

/** What axe finds that keeps people from using the page. The experimental rules tell of names that nobody can say. */
async function violations(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const rules = { 'label-content-name-mismatch': { enabled: true } };
    return (await axe.run({ rules })).violations;
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('[CK13] the lobby and a meeting have nothing that keeps anyone out, in light and in dark', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch();
  const { url } = cluster.gateways[0]!;
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.open(`${url}/?name=Ada&microphone=0`, { colorScheme });
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('article', { name: 'Ada (you)' }).waitFor();
    await page.getByRole('button', { name: 'Chat' }).click();
    await page.getByLabel('Message', { exact: true }).fill('Hello');
    await page.getByLabel('Message', { exact: true }).press('Enter');
    await page.getByRole('log').getByText('Hello').waitFor();
    expect(await violations(page)).toEqual([]);
    await screenshot(page, `accessible-${colorScheme}`);
    await page.close();
  }
});

test('[CK13] who comes, shares and goes is announced', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch({
    flags: ['--auto-accept-this-tab-capture', '--auto-select-desktop-capture-source=Entire screen'],
  });
  const url = `${cluster.gateways[0]!.url}/?join=1&camera=0&microphone=0`;
  const ada = await browser.open(`${url}&name=Ada`);
  await ada.getByRole('article', { name: 'Ada (you)' }).waitFor();
  await ada.evaluate(() => {
    const announcer = document.getElementById('announcer')!;
    const heard: string[] = [];
    Object.assign(globalThis, { heard });
    new MutationObserver(() => heard.push(announcer.textContent)).observe(announcer, { childList: true });
  });
  const heard = (text: string) =>
    eventually(text, () =>
      ada.evaluate((wanted) => (globalThis as unknown as { heard: string[] }).heard.includes(wanted), text),
    );
  const bob = await browser.open(`${url}&name=Bob`);
  await heard('Bob joined');
  await bob.getByRole('button', { name: 'Share screen' }).click();
  await heard('Bob shares a screen');
  await bob.getByRole('button', { name: 'Share screen' }).click();
  await heard('Bob stopped sharing');
  await bob.getByRole('button', { name: 'Leave' }).click();
  await heard('Bob left');
});
