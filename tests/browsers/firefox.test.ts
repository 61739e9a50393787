import { expect, test } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { TestFirefox } from '../support/browsers/firefox.ts';
import { everybodyMeets, join } from '../support/browsers/meeting.ts';
import { npmStart } from '../support/browsers/npm-start.ts';

test('[CL50] two people in Firefox and one in Chromium see and hear each other on `npm start` as it stands, over two nodes', async () => {
  await using cluster = await npmStart();
  await using firefox = await TestFirefox.launch();
  await using chromium = await TestBrowser.launch();
  const ada = await join(firefox, cluster.url, { name: 'Ada', node: 'node-1' });
  const bob = await join(firefox, cluster.url, { name: 'Bob', node: 'node-2' });
  const eve = await join(chromium, cluster.url, { name: 'Eve', node: 'node-1' });
  await everybodyMeets({ ada, bob, eve });
  expect(firefox.complaints).toEqual([]);
  expect(chromium.complaints).toEqual([]);
});
