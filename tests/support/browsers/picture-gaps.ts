import type { Tab } from './tab.ts';

declare global {
  interface HTMLVideoElement {
    /** Firefox's own: its `getVideoPlaybackQuality` counts nothing for a stream. */
    readonly mozPaintedFrames?: number;
  }
  interface Window {
    pictureGaps?: { shown: number; longestMs: number; sinceLastMs: number };
  }
}

/**
 * From here on, how long somebody's picture stood still, as a person at this page would see it: over all video elements
 * of the tile, for a move changes them. To within a display's frame.
 */
export async function watchPicture(page: Tab, name: string): Promise<void> {
  await page.evaluate((person) => {
    const figures = { shown: 0, longestMs: 0, sinceLastMs: 0 };
    window.pictureGaps = figures;
    let last = performance.now();
    const counted = new WeakMap<HTMLVideoElement, number>();
    const look = (): void => {
      const tile = [...document.querySelectorAll('article')].find((one) => one.ariaLabel?.startsWith(person));
      let fresh = 0;
      for (const video of tile?.querySelectorAll('video') ?? []) {
        const frames = video.mozPaintedFrames ?? video.getVideoPlaybackQuality().totalVideoFrames;
        fresh += Math.max(0, frames - (counted.get(video) ?? 0));
        counted.set(video, frames);
      }
      const now = performance.now();
      figures.sinceLastMs = now - last;
      figures.longestMs = Math.max(figures.longestMs, figures.sinceLastMs);
      figures.shown += fresh;
      if (fresh > 0) last = now;
    };
    setInterval(look, 15);
  }, name);
}

/** Forgets the longest standstill so far, and returns it: what comes before a fault is what to compare it with. */
export async function forgetGaps(page: Tab): Promise<number> {
  const { longestMs } = await pictureGaps(page);
  await page.evaluate(() => {
    if (window.pictureGaps) window.pictureGaps.longestMs = 0;
  }, undefined);
  return Math.round(longestMs);
}

export async function pictureGaps(page: Tab): Promise<{ shown: number; longestMs: number; sinceLastMs: number }> {
  const figures = await page.evaluate(() => window.pictureGaps, undefined);
  if (!figures) throw new Error('Nobody watches the picture of this page.');
  return figures;
}
