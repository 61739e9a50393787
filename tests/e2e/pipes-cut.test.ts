import { LocalCluster } from '@sluice/local';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually } from '@sluice/shared/testing';
import { TestBrowser } from '../support/browsers/browser.ts';
import { hearsSound, seesFrames } from '../support/browsers/browser-media.ts';
import { forgetGaps, pictureGaps, watchPicture } from '../support/browsers/picture-gaps.ts';
import { cutUdp } from '../support/network/udp-cut.ts';

const pipeAddress = (index: number) => `127.0.2.${index + 1}`;

/** Waits until the picture has moved again for a while, and returns how long it stood still before. */
async function flows(page: Page): Promise<number> {
  const { shown } = await pictureGaps(page);
  const ask = async () => (await pictureGaps(page)).shown >= shown + 60;
  await eventually('more frames', ask, { withinMs: 30_000, everyMs: 100 });
  return Math.round((await pictureGaps(page)).longestMs);
}

test.skipIf(process.platform !== 'linux')(
  '[PI16] [PI18] the network between two nodes is cut: people see and hear each other by a third one',
  async () => {
    const nodeSettings = (index: number) => ({ PIPE_LISTEN_IP: pipeAddress(index) });
    const shape = { nodes: 3, gateways: 1, workers: 1, port: 0, host: '127.0.0.1', nodeSettings };
    await using cluster = await LocalCluster.start(shape);
    await using browser = await TestBrowser.launch();
    const open = (name: string, index: number): Promise<Page> => {
      const node = cluster.nodes[index]?.owner.node ?? '';
      const query = new URLSearchParams({ room: 'demo', size: '640x360', join: '1', name, node });
      return browser.open(`${cluster.url}/?${query}`);
    };
    const [ada, bob] = [await open('Ada', 0), await open('Bob', 1)];
    await Promise.all([seesFrames(ada, 30), hearsSound(ada), seesFrames(bob, 30), hearsSound(bob)]);
    await Promise.all([watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
    await Promise.all([flows(ada), flows(bob)]);
    // The longest standstill while nothing is wrong: what this machine takes for a picture now.
    const calm = Math.max(await forgetGaps(ada), await forgetGaps(bob));

    await using cut = await cutUdp(pipeAddress(0), pipeAddress(1));
    await eventually('the cut to be felt', async () => (await pictureGaps(bob)).sinceLastMs > 500);
    const frozen = { bobSeesAda: await flows(bob), adaSeesBob: await flows(ada) };
    // Five seconds to the first packet, and a key frame.
    expect(Math.max(...Object.values(frozen))).toBeLessThan(5500 + 10 * calm);
    await Promise.all([hearsSound(ada), hearsSound(bob)]);

    await cut.heal();
    await Promise.all([forgetGaps(ada), forgetGaps(bob)]);
    const after = { bobSeesAda: await flows(bob), adaSeesBob: await flows(ada) };
    expect(Math.max(...Object.values(after))).toBeLessThan(Math.max(500, 4 * calm));
  },
);
