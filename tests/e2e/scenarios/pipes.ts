import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import type { MediaPage } from '../../support/browsers/media-page.ts';
import { onNodes, type Stage } from '../../support/clusters/topologies.ts';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

const camera = { width: 320, height: 180 };
const soon = { withinMs: 10_000, everyMs: 50 };

/** What a pipe does for those who watch through it. */
export function pipeScenarios(on: OnStage): void {
  it('[PI3] [PI4] a second viewer makes no second pipe; when the last has gone the pipe goes, and can come again', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    const { video } = await ada.do('publish', { video: camera });
    await using bob = await on.enter(stage.far, room);
    await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
    const pipes = await pipesOf(stage);
    expect(pipes).toEqual({ pairs: 1, carried: 1 });

    // Where one node has two workers, they take peers in turn: this one leaves the far one to the next.
    await using _filler = await on.fill(stage.near, room);
    await using eve = await on.enter(stage.far, room);
    const seen = await eve.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
    expect(seen.path).toBe(stage.path);
    expect(await pipesOf(stage)).toEqual(pipes);

    await bob.do('unsubscribe', String(video));
    await eve.brings(video, 'more video', ({ framesDecoded }) => framesDecoded > seen.framesDecoded);
    expect(await pipesOf(stage)).toEqual(pipes);
    await eve.do('unsubscribe', String(video));
    await eventually('the pipe to be gone', async () => (await pipesOf(stage)).pairs === 0, soon);

    await eve.do('subscribe', String(video));
    await eve.brings(video, 'video again', ({ framesDecoded }) => framesDecoded > 5);
    expect(await pipesOf(stage)).toEqual(pipes);
  });

  it('[PI5] pause and resume follow: nothing comes while the publisher pauses, and the picture goes on after', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);
    const { video } = await ada.do('publish', { video: camera });
    await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);

    await ada.do('pausePublication', 'video');
    await eventually('the word that it is paused', () => isPaused(bob, video, true), soon);
    const still = await standsStill(bob, video);
    await ada.do('resumePublication', 'video');
    await bob.brings(video, 'video again', ({ framesDecoded }) => framesDecoded > still + 5);
    expect(await isPaused(bob, video, false)).toBe(true);
  });

  it('[PI5] what was paused when its pipe was made is paused behind it, and resumes', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    const { video } = await ada.do('publish', { video: camera });
    await ada.do('pausePublication', 'video');
    await using bob = await on.enter(stage.far, room);
    await bob.brings(video, 'a track', () => true);
    expect(await standsStill(bob, video)).toBe(0);
    await ada.do('resumePublication', 'video');
    await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
  });

  it('[PI7] a viewer that resumes has a key frame at once: its request reaches the publisher', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);
    const { video } = await ada.do('publish', { video: camera });
    await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
    await bob.do('pause', String(video));
    const before = { frames: await standsStill(bob, video), asked: await keyFramesAsked(ada) };
    const { keyFramesDecoded } = await bob.brings(video, 'a track', () => true);
    await bob.do('resume', String(video));
    await bob.brings(video, 'video', (now) => now.framesDecoded > before.frames + 5);
    const after = await bob.brings(video, 'a key frame', (now) => now.keyFramesDecoded > keyFramesDecoded);
    expect(after.keyFramesDecoded).toBe(keyFramesDecoded + 1);
    expect(await keyFramesAsked(ada)).toBeGreaterThan(before.asked);
  });
}

async function pipesOf({ cluster, path }: Stage): Promise<{ pairs: number; carried: number }> {
  const ends = await onNodes(cluster, 'sfu_pipes', { scope: path });
  const carried = await onNodes(cluster, 'sfu_pipe_producers', { scope: path });
  // Of a pair within a node both ends are counted as one; of a pair between nodes each counts its own.
  return { pairs: path === 'node' ? ends / 2 : ends, carried };
}

async function isPaused(viewer: MediaPage, producerId: string | undefined, paused: boolean): Promise<boolean> {
  const words = (await viewer.do('notes')).filter((one) => one.what === 'changed' && one.producerId === producerId);
  const last = words.at(-1);
  return last?.what === 'changed' && last.paused === paused;
}

/** Waits until no frame has come for half a second, and returns how many there are. */
async function standsStill(viewer: MediaPage, producerId: string | undefined): Promise<number> {
  let last = { frames: -1, since: 0 };
  await eventually(
    'the picture to stand still',
    async () => {
      const { framesDecoded: frames } = await viewer.brings(producerId, 'a track', () => true);
      if (frames !== last.frames) last = { frames, since: performance.now() };
      return performance.now() - last.since > 500;
    },
    soon,
  );
  return last.frames;
}

async function keyFramesAsked(publisher: MediaPage): Promise<number> {
  const sent = await publisher.do('sent');
  return sent.find(({ kind }) => kind === 'video')?.keyFramesAsked ?? 0;
}
