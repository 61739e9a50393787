import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

declare global {
  interface Window {
    heard: unknown[];
  }
}

/** Subscribes to the first data channel that anybody has, and keeps what it brings in `window.heard`. */
const listen = (page: Page) =>
  page.evaluate(async () => {
    window.heard = [];
    const { room } = window.sluice!;
    const channels = [...room!.peers.values()].flatMap(({ producers }) => [...producers.values()]);
    const channel = channels.find(({ kind }) => kind === 'data');
    if (!channel) return false;
    const subscription = await room!.subscribeData(channel.producerId);
    subscription.on('message', (message) => {
      window.heard.push(typeof message === 'string' ? message : [...new Uint8Array(message)]);
    });
    subscription.on('closed', () => window.heard.push('closed'));
    await subscription.opened();
    return `${subscription.label}/${subscription.protocol}`;
  });

test('a data channel reaches a peer on another node, text and bytes', async () => {
  await using cluster = await startTestCluster({ nodes: 2 });
  await using browser = await TestBrowser.launch();
  const url = `${cluster.gateways[0]!.url}/?room=demo&join=1&camera=0&microphone=0`;
  const [ada, bob] = (await Promise.all(
    cluster.nodes.map(({ id }) => browser.open(`${url}&name=${id}&node=${id}`)),
  )) as [Page, Page];
  await eventually('both in the room', () => bob.evaluate(() => window.sluice?.room?.peers.size === 1));

  const publication = await ada.evaluateHandle(async () => {
    const made = await window.sluice!.room!.publishData({ label: 'pointer', protocol: 'xy' });
    await made.opened();
    return made;
  });
  expect(await eventually('the channel', () => listen(bob))).toBe('pointer/xy');
  await publication.evaluate((channel) => {
    channel.send('hello');
    channel.send(new Uint8Array([1, 2, 3]));
  });
  await eventually('both messages', () => bob.evaluate(() => window.heard.length === 2));
  expect(await bob.evaluate(() => window.heard)).toEqual(['hello', [1, 2, 3]]);

  await publication.evaluate((channel) => channel.close());
  await eventually('its end', () => bob.evaluate(() => window.heard.at(-1) === 'closed'));
  expect(browser.complaints).toEqual([]);
});
