import { eventually } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import { readMetric } from '../support/clusters/cluster.ts';
import { hotWorkers } from '../support/clusters/topologies.ts';
import { newRoom, useStage } from '../support/clusters/use-stage.ts';

const soon = { withinMs: 15_000, everyMs: 100 };

describe(hotWorkers.name, () => {
  const on = useStage(hotWorkers);

  it("[PI12] [NO8] a second viewer, on another worker of the viewers' node, sees it over two pipes, of which one is between nodes", async () => {
    const { near, far, cluster } = on.stage;
    const opsUrl = cluster.nodes[1]?.opsUrl ?? '';
    const loadOf = (worker: number) => readMetric(opsUrl, 'sfu_worker_load_ratio', { worker: String(worker) });
    const room = newRoom();
    await using ada = await on.enter(near, room);
    const { video } = await ada.do('publish', { video: { width: 320, height: 180 } });
    await using bob = await on.enter(far, room);
    const first = await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);

    // Every worker is too hot here, so the least hot one is taken: wait until that is not the one that works.
    await eventually(
      'one worker to be hotter',
      async () => Math.abs((await loadOf(0)) - (await loadOf(1))) > 0.001,
      soon,
    );
    await using eve = await on.enter(far, room);
    const second = await eve.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
    expect([first.path, second.path]).toEqual(['node', 'node']);
    expect(await readMetric(opsUrl, 'sfu_routers')).toBe(2);
    expect(await readMetric(opsUrl, 'sfu_pipes', { scope: 'node' })).toBe(1);
    expect(await readMetric(opsUrl, 'sfu_pipes', { scope: 'worker' })).toBe(1);

    // The first viewer goes; what the second one sees came in where the first was.
    await bob.do('leave');
    await eve.brings(video, 'more video', ({ framesDecoded }) => framesDecoded > second.framesDecoded + 20);
    await eve.do('leave');
    await eventually('all pipes to be gone', async () => (await readMetric(opsUrl, 'sfu_pipes')) === 0, soon);
  });
});
