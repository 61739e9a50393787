import type { Page } from 'playwright-core';
import { eventually } from '@sluice/shared/testing';
import type { TestBrowser } from '../../support/browsers/browser.ts';
import { hearsSound, seesFrames } from '../../support/browsers/browser-media.ts';
import { longestDecodedGap, watchDecoded } from '../../support/browsers/decoded-frames.ts';
import { forgetGaps, pictureGaps, watchPicture } from '../../support/browsers/picture-gaps.ts';
import type { Gap } from './table.ts';
import type { Child, Stage } from '../stage.ts';

/** What a page has seen of the room. */
interface Diary {
  /** What the other one has said, in the order in which it came. */
  heard: number[];
  /** What the server has acknowledged of what was said here. */
  acknowledged: number[];
  /** How long each lost connection was away, in ms. */
  downtimes: number[];
}

declare global {
  interface Window {
    diary?: Diary;
  }
}

const size = '640x360';
const framesToSettle = 30;
/** Some three seconds of the fake camera. */
const framesOfCalm = 60;

export interface NodeLoss {
  atAda: Gap;
  atBob: Gap;
  /** Both were on the node. */
  together: boolean;
}

/** Ada and Bob, who see and hear each other and say something before and after each fault. */
export class Meeting {
  readonly #stage: Stage;
  readonly #ada: Page;
  readonly #bob: Page;
  #ids = '';
  #said = 0;

  private constructor(stage: Stage, ada: Page, bob: Page) {
    this.#stage = stage;
    this.#ada = ada;
    this.#bob = bob;
  }

  static async begin(stage: Stage, browser: TestBrowser): Promise<Meeting> {
    const ada = await enter(stage, browser, 'Ada', 0);
    const bob = await enter(stage, browser, 'Bob', 1);
    const meeting = new Meeting(stage, ada, bob);
    await meeting.#both((page) => Promise.all([seesFrames(page, framesToSettle), hearsSound(page)]));
    await Promise.all([watchPicture(ada, 'Bob'), watchPicture(bob, 'Ada')]);
    await meeting.#both((page) => Promise.all([watchDecoded(page), listen(page)]));
    meeting.#ids = await meeting.#peerIds();
    return meeting;
  }

  /** What this machine does when nothing happens. */
  async calm(): Promise<Gap[]> {
    await this.#settle();
    await this.#both((page) => flows(page, framesOfCalm));
    return this.#gaps();
  }

  /** Something happens to the node that Ada is on, and has an end of its own. This ends when she is elsewhere and all is as it was. */
  async loseNode(fault: (node: Child) => unknown): Promise<NodeLoss> {
    await this.#settle();
    const [adaOn, bobOn] = await this.#both(nodeOf);
    const node = this.#stage.nodes.find(({ name }) => name === adaOn);
    if (!node) throw new Error(`Ada is on ${adaOn}, which is nowhere.`);
    const done = fault(node);
    await this.#speak();
    const moved = async () => (await nodeOf(this.#ada)) !== adaOn;
    await eventually('Ada to be moved', moved, { withinMs: 15_000, everyMs: 50 });
    await this.#both((page) => flows(page, framesToSettle));
    const [atAda, atBob] = await this.#gaps();
    await Promise.all([done, this.#assertSame()]);
    await this.#stage.heal();
    return { atAda, atBob, together: adaOn === bobOn };
  }

  async loseGateway(index: number): Promise<{ gaps: Gap[]; resumedMs: number[] }> {
    await this.#settle();
    const gateway = this.#stage.gateways[index];
    if (gateway) this.#stage.signal(gateway, 'SIGKILL', { workers: false });
    await this.#speak();
    await this.#both((page) => flows(page, framesToSettle));
    const gaps = await this.#gaps();
    await this.#assertSame();
    await this.#stage.heal();
    return { gaps, resumedMs: (await this.#both(takeDowntimes)).flat() };
  }

  /** Each acknowledged message came to the other page, once and in order. One that was on its way when a connection ended may or may not have come. */
  async assertChatWhole(): Promise<void> {
    const whole = async (): Promise<boolean> => {
      const [ada, bob] = await this.#both(diaryOf);
      return isWhole(ada.heard, bob.acknowledged) && isWhole(bob.heard, ada.acknowledged);
    };
    await eventually('everything that was said to be heard', whole, { withinMs: 5000 });
  }

  async #settle(): Promise<void> {
    await this.#both((page) => flows(page, framesToSettle));
    await this.#gaps();
  }

  async #speak(): Promise<void> {
    const number = this.#said++;
    await this.#both((page) => page.evaluate(say, number));
  }

  async #gaps(): Promise<[Gap, Gap]> {
    return this.#both(async (page) => ({ decoded: await longestDecodedGap(page), seen: await forgetGaps(page) }));
  }

  async #assertSame(): Promise<void> {
    if ((await this.#peerIds()) !== this.#ids) throw new Error('A page came back under another peer id.');
  }

  async #peerIds(): Promise<string> {
    return (await this.#both((page) => page.evaluate(() => window.sluice?.room?.peerId))).join();
  }

  #both<T>(act: (page: Page) => Promise<T>): Promise<[T, T]> {
    return Promise.all([act(this.#ada), act(this.#bob)]);
  }
}

function enter(stage: Stage, browser: TestBrowser, name: string, index: number): Promise<Page> {
  const server = stage.socketsFrom(index).join(',');
  const query = new URLSearchParams({ room: 'demo', size, join: '1', name, node: `node-${index + 1}`, server });
  return browser.open(`${stage.cluster.urlOf(index)}/?${query}`);
}

const nodeOf = (page: Page): Promise<string | undefined> => page.evaluate(() => window.sluice?.room?.node);

function listen(page: Page): Promise<void> {
  return page.evaluate(() => {
    const diary: Diary = { heard: [], acknowledged: [], downtimes: [] };
    window.diary = diary;
    const room = window.sluice?.room;
    room?.on('message', ({ from, payload }) => {
      if (from !== room.peerId) diary.heard.push((payload as { number: number }).number);
    });
    room?.on('reconnected', ({ downtimeMs }) => diary.downtimes.push(downtimeMs));
  });
}

async function say(number: number): Promise<void> {
  try {
    await window.sluice?.room?.sendMessage({ number, text: `Number ${number}` });
    window.diary?.acknowledged.push(number);
  } catch {
    // The connection ended under it.
  }
}

async function diaryOf(page: Page): Promise<Diary> {
  const diary = await page.evaluate(() => window.diary);
  if (!diary) throw new Error('This page has no listeners.');
  return diary;
}

function isWhole(heard: readonly number[], acknowledged: readonly number[]): boolean {
  const onceAndInOrder = heard.every((number, at) => at === 0 || number > (heard[at - 1] ?? 0));
  return onceAndInOrder && acknowledged.length > 0 && acknowledged.every((number) => heard.includes(number));
}

const takeDowntimes = (page: Page): Promise<number[]> => page.evaluate(() => window.diary?.downtimes.splice(0) ?? []);

/** Waits for so many more frames on the page. */
async function flows(page: Page, frames: number): Promise<void> {
  const { shown } = await pictureGaps(page);
  const more = async () => (await pictureGaps(page)).shown >= shown + frames;
  await eventually('more frames', more, { withinMs: 20_000, everyMs: 50 });
}
