import { Connection } from '@sluice/client';
import { afterAll, beforeAll } from 'vitest';
import { TestBrowser } from '../browsers/browser.ts';
import { MediaPage } from '../browsers/media-page.ts';
import type { Place, Stage, Topology } from './topologies.ts';

export interface OnStage {
  readonly stage: Stage;
  readonly browser: TestBrowser;
  /** A tab whose peer is in the room, at this place. The caller closes it. */
  enter(place: Place, room: string, options?: { autoSubscribe?: boolean }): Promise<MediaPage>;
  /** A peer without media, and without a browser. */
  fill(place: Place, room: string): Promise<AsyncDisposable>;
}

/** One cluster and one browser for a file's scenarios, each of which has a room of its own and leaves nothing behind. */
export function useStage(topology: Topology, settings: Record<string, string> = {}): OnStage {
  let stage: Stage | undefined;
  let browser: TestBrowser | undefined;
  beforeAll(async () => {
    [stage, browser] = await Promise.all([topology.start(settings), TestBrowser.launch()]);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });
  const there = <T>(thing: T | undefined): T => {
    if (thing === undefined) throw new Error('The stage is not set.');
    return thing;
  };
  return {
    get stage() {
      return there(stage);
    },
    get browser() {
      return there(browser);
    },
    async enter({ url, node }, room, options = {}) {
      const tab = await MediaPage.open(there(browser));
      await tab.do('join', { url, node, room, ...options });
      return tab;
    },
    async fill({ url, node }, room) {
      const connection = await Connection.open(`${url.replace(/^http/, 'ws')}/ws`);
      await connection.request('join', { room, node });
      return { [Symbol.asyncDispose]: async () => connection.close() };
    },
  };
}

let rooms = 0;

/** A room that no other test is in. */
export const newRoom = (): string => `room-${process.pid}-${++rooms}`;
