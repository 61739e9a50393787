import { expect, test } from 'vitest';
import { TestBrowser } from '../support/browser.ts';
import { TestFirefox } from '../support/browsers/firefox.ts';
import { everybodyMeets, joinAddress } from '../support/browsers/meeting.ts';
import { npmStart } from '../support/browsers/npm-start.ts';

test('[CL50] two people in Firefox and one in Chromium see and hear each other on `npm start` as it stands, over two nodes', async () => {
  await using cluster = await npmStart(process.env['FF_ARGS']?.split(' '));
  await using firefox = await TestFirefox.launch();
  await using chromium = await TestBrowser.launch();
  const ada = await firefox.open(joinAddress(cluster.url, 'Ada', { node: 'node-1' }));
  const bob = await firefox.open(joinAddress(cluster.url, 'Bob', { node: 'node-2' }));
  const eve = await chromium.open(joinAddress(cluster.url, 'Eve', { node: 'node-1' }));
  await everybodyMeets({ ada, bob, eve });
  expect(firefox.complaints).toEqual([]);
  expect(chromium.complaints).toEqual([]);
});
