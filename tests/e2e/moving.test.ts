import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { hearsSound, seesFrames } from '../support/browsers/browser-media.ts';
import { startProcessCluster } from '../support/clusters/cluster.ts';
import { pictureGaps, watchPicture } from '../support/browsers/picture-gaps.ts';
import { startRedis } from '../support/redis/redis.ts';

/** Ada by the first gateway on the first node, Bob by the second on the second; each sees the other. */
async function meet({ nodes = 3, together = false } = {}) {
  await using stack = new AsyncDisposableStack();
  const redis = await startRedis();
  stack.defer(() => redis.stop());
  const cluster = stack.use(await startProcessCluster({ nodes, gateways: 2, redisUrl: redis.url }));
  const browser = stack.use(await TestBrowser.launch());
  const all = stack.move();
  const sockets = cluster.gateways.map(({ url }) => `${url.replace('http', 'ws')}/ws`);
  const open = (name: string, index: number): Promise<Page> => {
    const server = [...sockets.slice(index), ...sockets.slice(0, index)].join(',');
    const node = cluster.nodes[together ? 0 : index]?.id ?? '';
    const query = new URLSearchParams({ room: 'demo', size: '640x360', join: '1', name, node, server });
    return browser.open(`${cluster.gateways[index]?.url}/?${query}`);
  };
  const [ada, bob] = [await open('Ada', 0), await open('Bob', 1)];
  await Promise.all([seesFrames(ada, 30), hearsSound(ada), seesFrames(bob, 30), hearsSound(bob)]);
  await Promise.all([watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
  return { cluster, browser, ada, bob, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const self = (page: Page) =>
  page.evaluate(() => ({ peerId: window.sluice?.room?.peerId, node: window.sluice?.room?.node }));

/** Waits until the picture has moved again for a while, after having stood still or not. */
async function flows(page: Page, frames = 60): Promise<void> {
  const { shown } = await pictureGaps(page);
  const ask = async () => (await pictureGaps(page)).shown >= shown + frames;
  await eventually('more frames', ask, { withinMs: 30_000, everyMs: 100 });
}

async function chats(from: Page, to: Page, text: string): Promise<void> {
  await from.evaluate((payload) => window.sluice?.room?.sendMessage({ text: payload }), text);
  await to.locator('#messages').getByText(text).waitFor({ state: 'attached', timeout: 20_000 });
}

async function moves(page: Page, from: string | undefined): Promise<string | undefined> {
  const elsewhere = async () => (await self(page)).node !== from;
  await eventually('another node', elsewhere, { withinMs: 30_000, everyMs: 100 });
  return (await self(page)).node;
}

test('a node is killed: its people go on elsewhere, and are seen and heard as the same', async () => {
  await using meeting = await meet();
  const { ada, bob, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.nodes[0]?.kill('SIGKILL');
  const node = await moves(ada, before.node);
  await Promise.all([flows(bob), flows(ada)]);
  expect((await self(ada)).peerId).toBe(before.peerId);
  await hearsSound(bob);
  await chats(ada, bob, 'still here');
  await chats(bob, ada, 'so I see');
  expect(await bob.getByRole('article', { name: 'Ada' }).innerText()).toContain(node);
});

test('a node is killed on which everybody was: they find each other again', async () => {
  await using meeting = await meet({ nodes: 2, together: true });
  const { ada, bob, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.nodes[0]?.kill('SIGKILL');
  await Promise.all([moves(ada, before.node), moves(bob, before.node)]);
  await Promise.all([flows(bob), flows(ada)]);
  expect((await self(ada)).peerId).toBe(before.peerId);
  await hearsSound(bob);
});

test('a node and a gateway are killed at once', async () => {
  await using meeting = await meet();
  const { ada, bob, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.nodes[0]?.kill('SIGKILL');
  cluster.processes.gateways[0]?.kill('SIGKILL');
  await moves(ada, before.node);
  await Promise.all([flows(bob), flows(ada)]);
  expect((await self(ada)).peerId).toBe(before.peerId);
  await chats(ada, bob, 'both gone');
});

test('a gateway is killed: its people are taken up by another, and their media never noticed', async () => {
  await using meeting = await meet({ nodes: 2 });
  const { ada, bob, cluster } = meeting;
  const before = await self(ada);
  cluster.processes.gateways[0]?.kill('SIGKILL');
  await ada.locator('#banner', { hasText: 'Back after' }).waitFor({ timeout: 30_000 });
  await flows(bob);
  expect(await self(ada)).toEqual(before);
  await chats(ada, bob, 'by another way');
  await chats(bob, ada, 'welcome back');
});

test('a node is drained: its people are elsewhere before it goes', async () => {
  await using meeting = await meet();
  const { ada, bob, cluster } = meeting;
  const before = await self(ada);
  const drained = cluster.processes.nodes[0];
  drained?.kill('SIGTERM');
  await moves(ada, before.node);
  expect(await drained?.exited).toBe(0);
  await Promise.all([flows(bob), flows(ada)]);
  expect((await self(ada)).peerId).toBe(before.peerId);
  await chats(ada, bob, 'from the other node');
});
