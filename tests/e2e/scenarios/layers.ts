import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import type { MediaPage } from '../../support/browsers/media-page.ts';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

/** Large enough for two layers, the lower one half as wide. */
const camera = { width: 640, height: 360 };
const patient = { withinMs: 30_000, everyMs: 100 };

/** A publisher in several sizes, and a viewer that chooses. */
export function layerScenarios(on: OnStage): void {
  it('[CL4] [PI13] a viewer changes layers; what nobody wants any more is not encoded, what is wanted again is', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);
    const { video } = await ada.do('publish', { video: camera, simulcast: true });
    const first = await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
    expect(first.type).toBe('simulcast');

    await bob.do('prefer', String(video), 0);
    await eventually('layer 0', () => layerOf(bob, video, 0), patient);
    await eventually('one layer to be encoded', async () => (await activeLayers(ada)) === 1, patient);
    const low = await bob.brings(video, 'the small picture', ({ width }) => width > 0 && width <= 320, patient);

    await bob.do('prefer', String(video), 1);
    await eventually('two layers to be encoded', async () => (await activeLayers(ada)) === 2, patient);
    await eventually('layer 1', () => layerOf(bob, video, 1), patient);
    const high = await bob.brings(video, 'the large picture', ({ width }) => width >= 1.5 * low.width, patient);
    expect(high.framesDecoded).toBeGreaterThan(low.framesDecoded);
  });
}

async function layerOf(viewer: MediaPage, producerId: string | undefined, layer: number): Promise<boolean> {
  const changes = (await viewer.do('notes')).filter((one) => one.what === 'layers' && one.producerId === producerId);
  const last = changes.at(-1);
  return last?.what === 'layers' && last.layers?.spatialLayer === layer;
}

async function activeLayers(publisher: MediaPage): Promise<number> {
  const [sent] = await publisher.do('sent');
  return sent?.activeLayers ?? 0;
}
