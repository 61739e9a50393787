import { setTimeout as wait } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { serveScript } from '../../support/browsers/browser-script.ts';
import type { SeedServer, SluiceCluster } from '../servers.ts';
import type { JoinCase } from './cases.ts';
import type { JoinTimes, Place } from './page.ts';

/**
 * Between two samples, in ms. A sender answers no second request for a key frame within 300 ms, and a pipe goes half a
 * second after its last viewer: this is beyond both, so that no sample profits from the one before, or pays for it.
 */
const pauseMs = 1200;
/** The page's code is compiled, and its codec started, by then. */
const warmUps = 2;

export interface ChromiumOptions {
  bare: SeedServer;
  sluice: SluiceCluster;
  samples: number;
}

interface Joining {
  name: string;
  place: Place;
  how: 'joinByExchange' | 'joinBySdk';
}

export const chromiumCases: Record<string, JoinCase> = {
  bare: { title: "the seed's server, one process" },
  sluiceSame: { title: 'Sluice, same node', beside: { yardstick: 'bare', bar: 1.1 } },
  sluiceAcross: { title: 'Sluice, across nodes', beside: { yardstick: 'bare', bar: 1.4 } },
  sdkSame: { title: "Sluice, same node, Sluice's own client", beside: { yardstick: 'bare', bar: 1.1 } },
  sdkAcross: { title: "Sluice, across nodes, Sluice's own client", beside: { yardstick: 'bare', bar: 1.4 } },
};

export interface ChromiumResult {
  /** Its version. */
  browser: string;
  times: Record<string, JoinTimes[]>;
}

/** One subscriber joins here and there in turn. */
export async function measureChromium({ bare, sluice, samples }: ChromiumOptions): Promise<ChromiumResult> {
  await using script = await serveScript(new URL('page.ts', import.meta.url));
  await using browser = await TestBrowser.launch();
  const [near, far] = sluice.nodes;
  if (!near || !far) throw new Error('Two nodes were asked for.');
  const bareRoom = { url: bare.url, room: 'chromium' };
  const sluiceRoom = { url: sluice.url, room: 'chromium', node: near.id };
  for (const room of [bareRoom, sluiceRoom]) await publish(await browser.open(script.url), room);
  const acrossRoom = { ...sluiceRoom, node: far.id };
  const joinings: Joining[] = [
    { name: 'bare', place: bareRoom, how: 'joinByExchange' },
    { name: 'sluiceSame', place: sluiceRoom, how: 'joinByExchange' },
    { name: 'sluiceAcross', place: acrossRoom, how: 'joinByExchange' },
    { name: 'sdkSame', place: sluiceRoom, how: 'joinBySdk' },
    { name: 'sdkAcross', place: acrossRoom, how: 'joinBySdk' },
  ];
  const page = await browser.open(script.url);
  const times: Record<string, JoinTimes[]> = Object.fromEntries(joinings.map(({ name }) => [name, []]));
  for (let sample = -warmUps; sample < samples; sample++) {
    for (const joining of joinings) {
      await wait(pauseMs);
      const taken = await join(page, joining);
      if (sample >= 0) times[joining.name]?.push(taken);
    }
  }
  return { browser: await versionOf(page), times };
}

function versionOf(page: Page): Promise<string> {
  return page.evaluate(() => /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? 'unknown');
}

async function publish(page: Page, place: Place): Promise<void> {
  await page.waitForFunction(() => 'bench' in window);
  await page.evaluate((where) => window.bench.publish(where), place);
}

async function join(page: Page, { how, place }: Joining): Promise<JoinTimes> {
  await page.waitForFunction(() => 'bench' in window);
  return page.evaluate(([name, where]) => window.bench[name](where), [how, place] as const);
}
