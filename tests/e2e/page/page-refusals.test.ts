import { eventually, within } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { screenshot, TestBrowser } from '../../support/browsers/browser.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

test('a camera that the browser may not use is said in a sentence, and the meeting goes on', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch({ flags: ['--deny-permission-prompts'], allowDevices: false });
  const page = await browser.open(`${cluster.gateways[0]!.url}/?name=Ada&join=1&microphone=0`);
  await page.getByRole('status').getByText('The browser may not use the camera.').waitFor();
  await screenshot(page, 'camera-refused');
  expect(await page.getByRole('article', { name: 'Ada (you)' }).isVisible()).toBe(true);
  expect(await page.getByRole('button', { name: 'Camera' }).getAttribute('aria-pressed')).toBe('false');
});

test('a server that is away is said in a sentence, before joining and in a meeting', async () => {
  await using browser = await TestBrowser.launch();
  const cluster = await startTestCluster({ nodes: 1 });
  const { url } = cluster.gateways[0]!;
  const page = await browser.open(`${url}/?name=Ada&camera=0&microphone=0`);
  const join = page.getByRole('button', { name: 'Join' });
  await join.click();
  await page.getByRole('article', { name: 'Ada (you)' }).waitFor();
  await cluster[Symbol.asyncDispose]();
  // It tries for as long as the cluster keeps the peer, and says so; then it gives up.
  await page.getByText('Reconnecting').first().waitFor();
  await page.getByRole('alert').getByText('The connection to the server was lost.').waitFor({ timeout: 60_000 });
  await join.click();
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await screenshot(page, 'server-away');
});

test('sound that the browser holds back until somebody touches the page is asked for', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch({ flags: ['--autoplay-policy=document-user-activation-required'] });
  const url = `${cluster.gateways[0]!.url}/?join=1&size=320x180`;
  await browser.open(`${url}&name=Ada`);
  const page = await (await browser.context()).newPage();
  // Looking into a page counts as touching it, so the page says by itself that the browser has refused to play.
  const refused = Promise.withResolvers<void>();
  await page.exposeFunction('tellRefusal', () => refused.resolve());
  await page.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      const playing = play.call(this);
      playing.catch(() => (globalThis as unknown as { tellRefusal: () => void }).tellRefusal());
      return playing;
    };
  });
  await page.goto(`${url}&name=Bob&camera=0&microphone=0`);
  await within(20_000, 'the browser to refuse', refused.promise);
  const isPaused = () => page.locator('[aria-label^="Ada"] video').evaluate((video: HTMLVideoElement) => video.paused);
  await eventually('Ada to be silent', isPaused);
  await page.getByRole('button', { name: 'Play' }).click();
  await eventually('Ada to play', async () => !(await isPaused()));
});
