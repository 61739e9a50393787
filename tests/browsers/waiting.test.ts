import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestBrowser } from '../support/browsers/browser.ts';
import { seesFrames } from '../support/browsers/browser-media.ts';
import { everybodyMeets, join } from '../support/browsers/meeting.ts';
import { npmStart, type RunningCluster } from '../support/browsers/npm-start.ts';
import { pass } from '../support/browsers/pass.ts';
import { freeze } from '../support/browsers/process-tree.ts';

declare global {
  interface Window {
    ownTracks?: MediaStreamTrack[];
  }
}

let cluster: RunningCluster;
let browser: TestBrowser;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([npmStart(), TestBrowser.launch()]);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const enter = (room: string, name: string, further: Record<string, string> = {}) =>
  join(browser, cluster.url, { name, room, ...further });

/** Clicks these buttons in turns, faster than anything can be answered, forty times. */
async function clickQuickly(ids: string[]): Promise<void> {
  for (let click = 0; click < 40; click++) {
    document.getElementById(ids[click % ids.length] ?? '')?.click();
    await new Promise((resolve) => setTimeout(resolve, (click * 7) % 40));
  }
}

const silent = { camera: '0', microphone: '0' };

// They wait side by side, each in a room of its own.
describe.concurrent('the meeting page on `npm start`', () => {
  test('[CL52] somebody who was alone for 45 s sees and hears a second and a third person, and they each other', async () => {
    const ada = await enter('alone', 'Ada');
    await pass(45);
    const bob = await enter('alone', 'Bob');
    await everybodyMeets({ ada, bob });
    const eve = await enter('alone', 'Eve');
    await everybodyMeets({ ada, bob, eve });
  });

  test('[CL52] a camera that is switched on 60 s after a join without it is seen', async () => {
    const ada = await enter('late-camera', 'Ada', silent);
    const bob = await enter('late-camera', 'Bob', silent);
    await pass(60);
    for (const tab of [ada, bob]) {
      await tab.click('#camera');
      await tab.click('#microphone');
    }
    await everybodyMeets({ ada, bob });
  });

  test('[CL53] a laptop that slept for 50 s is in the meeting again', async () => {
    await using laptop = await TestBrowser.launch();
    const ada = await join(laptop, cluster.url, { name: 'Ada', room: 'asleep' });
    const bob = await enter('asleep', 'Bob');
    await everybodyMeets({ ada, bob });
    const thaw = freeze(laptop.pids);
    try {
      await pass(50);
    } finally {
      thaw();
    }
    const alone = () => bob.evaluate(() => window.sluice?.room?.peers.size === 1, undefined);
    await eventually('Bob to see one other person', alone, { withinMs: 30_000, everyMs: 100 });
    await everybodyMeets({ ada, bob }, 45_000);
  });

  test('[CL53] who leaves lets the camera and the microphone go', async () => {
    const ada = await enter('leaving', 'Ada');
    const both = () => ada.evaluate(() => window.sluice?.room?.publications.size === 2, undefined);
    await eventually('camera and microphone', both, { withinMs: 15_000, everyMs: 50 });
    await ada.evaluate(() => {
      const publications = [...(window.sluice?.room?.publications.values() ?? [])];
      window.ownTracks = publications.map(({ track }) => track);
    }, undefined);
    await ada.click('#leave');
    const ended = () =>
      ada.evaluate(() => window.ownTracks?.every(({ readyState }) => readyState === 'ended'), undefined);
    await eventually('both to be let go', ended, { withinMs: 10_000, everyMs: 50 });
  });

  test('[CL53] one person in two tabs is two people; the second tab goes, and the first one stays', async () => {
    const ada = await enter('two-tabs', 'Ada');
    const bob = await enter('two-tabs', 'Bob');
    const context = ada.context();
    const again = await context.newPage();
    await again.goto(ada.url());
    await again.click('#join');
    await everybodyMeets({ ada, bob, again });
    await again.close();
    const two = () => bob.evaluate(() => window.sluice?.room?.peers.size === 1, undefined);
    await eventually('the second tab to be gone', two, { withinMs: 10_000, everyMs: 100 });
    await everybodyMeets({ ada, bob });
  });

  test('[CL53] quick hands: whatever was clicked, the others see the camera as its owner does', async () => {
    const ada = await enter('quick-hands', 'Ada');
    const bob = await enter('quick-hands', 'Bob', silent);
    await seesFrames(bob, 5);
    await ada.evaluate(clickQuickly, ['camera', 'microphone', 'camera', 'camera', 'microphone']);
    const pressed = () => ada.locator('#camera').getAttribute('aria-pressed');
    const cameras = () =>
      bob.evaluate(() => {
        const [peer] = window.sluice?.room?.peers.values() ?? [];
        return [...(peer?.producers.values() ?? [])].filter(({ source }) => source === 'camera').length;
      }, undefined);
    const agree = async () => (await cameras()) === ((await pressed()) === 'true' ? 1 : 0);
    await eventually('both to agree', agree, { withinMs: 15_000, everyMs: 100 });
    if ((await pressed()) !== 'true') await ada.click('#camera');
    await eventually('the camera to be on', async () => (await cameras()) === 1, { withinMs: 15_000, everyMs: 100 });
    const seen = await seesFrames(bob, 5);
    expect(seen).toHaveLength(1);
  });
});
