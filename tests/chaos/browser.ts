// npm run chaos -- --browser [--runs N --document]: what a killed node costs two people in Chromium.

import type { Page } from 'playwright-core';
import { eventually } from '@sluice/shared/testing';
import { median, percentile } from '../bench/measure/statistics.ts';
import { TestBrowser } from '../support/browser.ts';
import { hearsSound, seesFrames } from '../support/browser-media.ts';
import { forgetGaps, pictureGaps, watchPicture } from '../support/picture-gaps.ts';
import { Stage } from './stage.ts';

/** Longest standstills of a picture in ms, one a run. */
export interface BrowserFigures {
  /** Nothing happens, for as long as a run lasts. */
  base: number[];
  /** Of a publisher whose node was killed, at its viewer. */
  publisher: number[];
  /** At a viewer whose node was killed. */
  viewer: number[];
}

export interface BrowserCampaign {
  /** Of the cameras: `640x360`. Two people's encoders and decoders share this machine with the cluster. */
  size: string;
  runs: number;
  onRun: (figures: BrowserFigures) => void;
}

interface Meeting {
  stage: Stage;
  ada: Page;
  bob: Page;
}

/** Kills the node that Ada is on, again and again; each sees the other from before to after. */
export async function killInBrowsers({ size, runs, onRun }: BrowserCampaign): Promise<BrowserFigures> {
  await using stage = await Stage.start({ workers: 1 });
  await using browser = await TestBrowser.launch();
  const seat = (name: string, index: number) => enter(stage, browser, { name, index, size });
  const [ada, bob] = [await seat('Ada', 0), await seat('Bob', 1)];
  await Promise.all([seesFrames(ada, 30), hearsSound(ada), seesFrames(bob, 30), hearsSound(bob)]);
  await Promise.all([watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
  const meeting = { stage, ada, bob };
  const ids = await peerIds(meeting);
  const figures: BrowserFigures = { base: [], publisher: [], viewer: [] };
  for (let run = 0; run < runs; run++) {
    await killOnce(meeting, figures);
    if ((await peerIds(meeting)).join() !== ids.join()) throw new Error('Somebody came back as somebody else.');
    onRun(figures);
  }
  return figures;
}

async function killOnce({ stage, ada, bob }: Meeting, figures: BrowserFigures): Promise<void> {
  await Promise.all([flows(ada), flows(bob)]);
  await Promise.all([forgetGaps(ada), forgetGaps(bob)]);
  await Promise.all([flows(ada, 75), flows(bob, 75)]);
  figures.base.push(await forgetGaps(ada), await forgetGaps(bob));
  const [adaOn, bobOn] = [await nodeOf(ada), await nodeOf(bob)];
  const node = stage.nodes.find(({ name }) => name === adaOn);
  if (!node) throw new Error(`Ada is on ${adaOn}, which is nowhere.`);
  stage.signal(node, 'SIGKILL');
  await eventually('Ada to be moved', async () => (await nodeOf(ada)) !== adaOn, { withinMs: 15_000, everyMs: 50 });
  await Promise.all([flows(ada), flows(bob)]);
  const [atAda, atBob] = [await forgetGaps(ada), await forgetGaps(bob)];
  // Where both were on it, both ends of each way were lost: that is the harder of the two.
  (adaOn === bobOn ? figures.publisher : figures.viewer).push(atAda);
  figures.publisher.push(atBob);
  await stage.heal();
}

interface Tab {
  name: string;
  /** Of the node and of the gateway. */
  index: number;
  size: string;
}

function enter(stage: Stage, browser: TestBrowser, { name, index, size }: Tab): Promise<Page> {
  const query = new URLSearchParams({
    room: 'demo',
    size,
    join: '1',
    name,
    node: `node-${index + 1}`,
    server: stage.socketsFrom(index).join(','),
  });
  return browser.open(`${stage.cluster.urlOf(index)}/?${query}`);
}

const nodeOf = (page: Page): Promise<string | undefined> => page.evaluate(() => window.sluice?.room?.node);

const peerIds = ({ ada, bob }: Meeting): Promise<(string | undefined)[]> =>
  Promise.all([ada, bob].map((page) => page.evaluate(() => window.sluice?.room?.peerId)));

/** Waits for so many more frames. */
async function flows(page: Page, frames = 30): Promise<void> {
  const { shown } = await pictureGaps(page);
  const more = async () => (await pictureGaps(page)).shown >= shown + frames;
  await eventually('more frames', more, { withinMs: 20_000, everyMs: 50 });
}

export function browserTable(size: string, { base, publisher, viewer }: BrowserFigures): string {
  const row = (what: string, values: readonly number[]): string => {
    const figures = [median(values), percentile(values, 0.95), percentile(values, 1)].map(Math.round);
    return `| ${what} | ${values.length} | ${figures.join(' / ')} |`;
  };
  return [
    `| in Chromium, cameras of ${size.replace('x', ' × ')}, two people who see each other | runs | longest standstill of the picture, ms: p50 / p95 / most |`,
    '| --- | --- | --- |',
    row('nothing happens, for about three seconds', base),
    row("`kill -9` of the publisher's node and its workers", publisher),
    row("`kill -9` of the viewer's node and its workers", viewer),
  ].join('\n');
}
