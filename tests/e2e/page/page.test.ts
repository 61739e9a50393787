import { eventually } from '@sluice/shared/testing';
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { screenshot, TestBrowser, type TestBrowserOptions } from '../../support/browsers/browser.ts';
import { hearsSound, seesFrames } from '../../support/browsers/browser-media.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

async function start(options: TestBrowserOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startTestCluster({ nodes: 2 }));
  const browser = stack.use(await TestBrowser.launch(options));
  const all = stack.move();
  const address = (parameters: Record<string, string>): string => {
    const query = new URLSearchParams({ room: 'demo', size: '640x360', ...parameters });
    return `${cluster.gateways[0]!.url}/?${query}`;
  };
  return {
    browser,
    nodes: cluster.nodes.map(({ id }) => id),
    open: (parameters: Record<string, string>) => browser.open(address(parameters)),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const tile = (page: Page, name: string): Locator => page.getByRole('article', { name });
const button = (page: Page, name: string): Locator => page.getByRole('button', { name });

/** Waits until there are so many tiles, one's own among them. */
const tiles = (page: Page, count: number) =>
  eventually(`${count} tile(s)`, async () => (await page.getByRole('article').count()) === count);

test('two people on two nodes see and hear each other, through a pipe', async () => {
  await using meeting = await start();
  const [first, second] = meeting.nodes as [string, string];
  const ada = await meeting.open({ name: 'Ada', join: '1', node: first });
  const bob = await meeting.open({ name: 'Bob', join: '1', node: second });

  await Promise.all([seesFrames(ada, 30), hearsSound(ada), seesFrames(bob, 30), hearsSound(bob)]);

  expect(await tile(ada, 'Bob').innerText()).toMatch(new RegExp(`Bob\\s+${second}\\s+pipe · ${second}`));
  expect(await tile(bob, 'Ada').innerText()).toMatch(new RegExp(`Ada\\s+${first}\\s+pipe · ${first}`));
  expect(await tile(ada, 'Ada (you)').innerText()).toMatch(new RegExp(`Ada \\(you\\)\\s+${first}$`));
  const playing = tile(ada, 'Bob').locator('video');
  expect(
    await playing.evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames),
  ).toBeGreaterThan(0);
  await screenshot(ada, 'two-people');

  await button(bob, 'Leave').click();
  await tiles(ada, 1);
  expect(await bob.getByRole('button', { name: 'Join' }).isVisible()).toBe(true);
  expect(meeting.browser.complaints).toEqual([]);
});

test('two people on one node meet without a pipe', async () => {
  await using meeting = await start();
  const node = meeting.nodes[0]!;
  const ada = await meeting.open({ name: 'Ada', join: '1', node });
  await meeting.open({ name: 'Bob', join: '1', node });
  await seesFrames(ada, 10);
  expect(await tile(ada, 'Bob').innerText()).toMatch(/direct$/);
});

test('a person joins by the form, mutes, stops the camera, writes, and goes elsewhere', async () => {
  await using meeting = await start();
  const ada = await meeting.open({ name: 'Ada', join: '1' });
  const bob = await meeting.open({});
  await bob.getByLabel('Your name').fill('Bob');
  await button(bob, 'Join').click();
  await seesFrames(ada, 5);

  await button(bob, 'Microphone').click();
  await tile(ada, 'Bob').getByRole('img', { name: 'microphone off' }).waitFor();
  await button(bob, 'Camera').click();
  await tile(ada, 'Bob').locator('video').waitFor({ state: 'hidden' });
  await button(bob, 'Camera').click();
  await tile(ada, 'Bob').locator('video').waitFor({ state: 'visible' });

  await button(bob, 'Chat').click();
  await bob.getByLabel('Message', { exact: true }).fill('Hello <b>all</b>');
  await bob.getByLabel('Message', { exact: true }).press('Enter');
  await button(ada, 'Chat').click();
  await ada.getByRole('log').getByText('Bob Hello <b>all</b>').waitFor();

  const reason = ada.evaluate(
    () => new Promise<string>((resolve) => window.sluice!.room!.on('peerLeft', (left) => resolve(left.reason))),
  );
  await bob.goto('about:blank');
  // Said by the page on its way out, and not found out by the gateway: that would keep the place for a while.
  expect(await reason).toBe('left');
  await tiles(ada, 1);
  expect(meeting.browser.complaints).toEqual([]);
});

test('a shared screen has the stage, and gives it back', async () => {
  await using meeting = await start({
    flags: ['--auto-accept-this-tab-capture', '--auto-select-desktop-capture-source=Entire screen'],
  });
  const [first, second] = meeting.nodes as [string, string];
  const ada = await meeting.open({ name: 'Ada', join: '1', camera: '0', microphone: '0', node: first });
  const bob = await meeting.open({ name: 'Bob', join: '1', camera: '0', microphone: '0', node: second });
  await tiles(ada, 2);
  await button(bob, 'Share screen').click();
  await tile(ada, 'Bob: screen').locator('video').waitFor({ state: 'visible' });
  await seesFrames(ada, 3);
  await screenshot(ada, 'screen');
  await button(bob, 'Share screen').click();
  await tiles(ada, 2);
  expect(meeting.browser.complaints).toEqual([]);
});
