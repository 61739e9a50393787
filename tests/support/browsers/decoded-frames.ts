import type { Room, Subscription } from '@sluice/client';
import type { Page } from 'playwright-core';

/** In Chromium, and not in TypeScript's library yet. */
declare class MediaStreamTrackProcessor {
  constructor(options: { track: MediaStreamTrack });
  readonly readable: ReadableStream<VideoFrame>;
}

declare global {
  interface Window {
    askDecoded?: () => Promise<number>;
  }
}

/**
 * From here on, the longest time between two decoded frames of those that a page subscribes to now, by whatever way they
 * come. Taken in a worker: the page's own thread stands still for a moment while connections are made.
 */
export async function watchDecoded(page: Page): Promise<void> {
  await page.evaluate(() => {
    const reading = (): void => {
      let last = performance.now();
      let longest = 0;
      const read = async (readable: ReadableStream<VideoFrame>): Promise<void> => {
        const reader = readable.getReader();
        for (let { value } = await reader.read(); value; { value } = await reader.read()) {
          value.close();
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }
      };
      onmessage = ({ data }: MessageEvent<{ readable?: ReadableStream<VideoFrame> }>) => {
        if (data.readable) return void read(data.readable);
        postMessage(Math.max(longest, performance.now() - last));
        longest = 0;
      };
    };
    const source = new Blob([`(${reading.toString()})()`], { type: 'text/javascript' });
    const worker = new Worker(URL.createObjectURL(source));
    const watch = (track: MediaStreamTrack): void => {
      if (track.kind !== 'video') return;
      const { readable } = new MediaStreamTrackProcessor({ track });
      worker.postMessage({ readable }, { transfer: [readable] });
    };
    const follow = (subscription: Subscription): void => {
      watch(subscription.track);
      subscription.on('trackComing', ({ track }) => watch(track));
    };
    const room: Room | undefined = window.sluice?.room;
    for (const subscription of room?.subscriptions.values() ?? []) follow(subscription);
    window.askDecoded = () =>
      new Promise((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
        worker.postMessage({}, { transfer: [] });
      });
  });
}

/** In ms, since the last time that this was asked. */
export async function longestDecodedGap(page: Page): Promise<number> {
  return Math.round((await page.evaluate(() => window.askDecoded?.())) ?? Number.NaN);
}
