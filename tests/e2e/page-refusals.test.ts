import { expect, test } from 'vitest';
import { screenshot, TestBrowser } from '../support/browser.ts';
import { startTestCluster } from '../support/cluster.ts';

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
  await page.getByRole('alert').getByText('The connection to the server was lost.').waitFor();
  await join.click();
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await screenshot(page, 'server-away');
});
