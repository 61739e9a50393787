import { eventually } from '@sluice/shared/testing';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TestBrowser } from '../../support/browsers/browser.ts';
import { seesFrames } from '../../support/browsers/browser-media.ts';
import { startTestCluster } from '../../support/clusters/cluster.ts';

/** Publishes a moving picture; answers with the code of the refusal, or `published`. */
const publish = (page: Page, mimeType: string, source: string) =>
  page.evaluate(
    async ([codec, name]) => {
      const canvas = document.createElement('canvas');
      const context = canvas.getContext('2d')!;
      setInterval(() => context.fillRect(Math.random() * 300, Math.random() * 150, 9, 9), 50);
      const [track] = canvas.captureStream(20).getVideoTracks();
      const wanted = { kind: 'video', mimeType: codec!, clockRate: 90_000, preferredPayloadType: 96 } as const;
      return window.sluice!.room!.publish(track!, { source: name!, simulcast: false, codec: wanted }).then(
        () => 'published',
        (error: { code: string }) => error.code,
      );
    },
    [mimeType, source],
  );

/** The node refuses a source of more than 32 characters, whatever the codec. */
const refused = 'x'.repeat(40);

test('[CK17] after refused tracks in any order, others go out, and those before go on', async () => {
  await using cluster = await startTestCluster({ nodes: 1 });
  await using browser = await TestBrowser.launch();
  const url = `${cluster.gateways[0]!.url}/?join=1&size=320x180`;
  const ada = await browser.open(`${url}&name=Ada`);
  const bob = await browser.open(`${url}&name=Bob&camera=0&microphone=0`);
  await seesFrames(bob, 3);
  const one = (codec: string, source: string) => publish(ada, codec, source);
  // One after the other, and at once, which is when the offers could be mixed up.
  expect(await one('video/NOPE', 'nobody can')).toBe('mediaFailed');
  expect(await one('video/AV1', 'first')).toBe('published');
  expect(await one('video/VP8', refused)).toBe('badRequest');
  const several = [
    one('video/VP8', refused),
    one('video/VP9', 'second'),
    one('video/NOPE', 'nobody can'),
    one('video/VP8', refused),
    one('video/VP8', 'third'),
  ];
  expect(await Promise.all(several)).toEqual(['badRequest', 'published', 'mediaFailed', 'badRequest', 'published']);
  expect(await one('video/VP8', 'fourth')).toBe('published');
  const decoded = () =>
    bob.evaluate(async () => {
      const videos = [...window.sluice!.room!.subscriptions.values()].filter(({ kind }) => kind === 'video');
      const frames = videos.map(async (video) => {
        for (const report of (await video.getStats()).values()) {
          if (report.type === 'inbound-rtp') return [video.source ?? '', report.framesDecoded ?? 0] as const;
        }
        return [video.source ?? '', 0] as const;
      });
      return Object.fromEntries(await Promise.all(frames));
    });
  for (const source of ['camera', 'first', 'second', 'third', 'fourth']) {
    const before = (await decoded())[source] ?? 0;
    const goesOn = async () => ((await decoded())[source] ?? 0) > before + 3;
    await eventually(`frames of ${source}`, goesOn, { withinMs: 15_000, everyMs: 100 });
  }
  expect(browser.complaints).toEqual([]);
});
