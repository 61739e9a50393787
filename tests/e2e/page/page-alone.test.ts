import { eventually } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { hearsSound, seesFrames } from '../../support/browsers/browser-media.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

/** Longer than any server has ever kept what nobody used. */
const aloneMs = 45_000;

test('[CK1] somebody who was alone for 45 s sees and hears the second and the third, with a camera that came late', async () => {
  await using cluster = await startTestCluster({ nodes: 2 });
  await using browser = await TestBrowser.launch();
  const url = `${cluster.gateways[0]!.url}/?join=1&size=320x180`;
  const ada = await browser.open(`${url}&name=Ada&node=node-1&camera=0`);
  const cid = await browser.open(`${url}&name=Cid&node=node-2&camera=0&microphone=0&room=other`);
  const begun = performance.now();
  await eventually('the time to pass', () => performance.now() - begun > aloneMs, { withinMs: aloneMs + 20_000 });
  const bob = await browser.open(`${url}&name=Bob&node=node-2`);
  await Promise.all([seesFrames(ada, 5), hearsSound(ada), hearsSound(bob)]);
  const eve = await browser.open(`${url}&name=Eve&node=node-1`);
  await Promise.all([seesFrames(eve, 5), hearsSound(eve)]);
  await ada.getByRole('button', { name: 'Camera' }).click();
  await bob.locator('[aria-label^="Ada"] video').waitFor({ state: 'visible' });
  await cid.getByRole('button', { name: 'Camera' }).click();
  const dan = await browser.open(`${url}&name=Dan&node=node-1&camera=0&microphone=0&room=other`);
  await seesFrames(dan, 5);
  expect(browser.complaints).toEqual([]);
}, 150_000);
