// npm run chaos -- --browser [--runs N --document]: what faults cost two people in Chromium.

import { TestBrowser } from '../../support/browsers/browser.ts';
import { type BrowserFigures, noFigures } from './table.ts';
import { Meeting } from './meeting.ts';
import { type Child, Stage } from '../stage.ts';

export interface BrowserCampaign {
  runs: number;
  onRun: (figures: BrowserFigures) => void;
}

/** A frozen node is found by its lease, which is waited for: it is frozen in one run of so many. */
const freezeEvery = 4;

/** Does each fault to the node or the gateway of two people who see each other, again and again. */
export async function faultsInBrowsers({ runs, onRun }: BrowserCampaign): Promise<BrowserFigures> {
  await using stage = await Stage.start({ workers: 1 });
  await using browser = await TestBrowser.launch();
  const meeting = await Meeting.begin(stage, browser);
  const figures = noFigures();
  for (let run = 0; run < runs; run++) {
    figures.base.push(...(await meeting.calm()));
    const killed = await meeting.loseNode((node) => stage.signal(node, 'SIGKILL'));
    // Where both were on it, both ends of each way were lost: that is the harder of the two.
    (killed.together ? figures.publisher : figures.viewer).push(killed.atAda);
    figures.publisher.push(killed.atBob);
    const drained = await meeting.loseNode(drain);
    figures.drain.push(drained.atAda, drained.atBob);
    if (run % freezeEvery === 0) {
      const frozen = await meeting.loseNode((node) => stage.signal(node, 'SIGSTOP'));
      figures.frozen.push(frozen.atAda, frozen.atBob);
    }
    const { gaps, resumedMs } = await meeting.loseGateway(run % 2);
    figures.gateway.push(...gaps);
    figures.resumedMs.push(...resumedMs);
    onRun(figures);
  }
  await meeting.assertChatWhole();
  return figures;
}

async function drain(node: Child): Promise<void> {
  node.kill('SIGTERM');
  const code = await node.exited;
  if (code !== 0) throw new Error(`A drained node ended with ${code}.`);
}
