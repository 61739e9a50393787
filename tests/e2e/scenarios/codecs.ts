import { expect, it } from 'vitest';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

const codecs = ['video/VP8', 'video/VP9', 'video/H264', 'video/AV1'];

/** Each codec that browsers encode, carried as it is: nothing on the way transcodes. */
export function codecScenarios(on: OnStage): void {
  it.each(codecs)('[CL5] %s comes through at its own size', async (codec) => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);
    const { video } = await ada.do('publish', { video: { width: 320, height: 180 }, codec });
    const seen = await bob.brings(video, codec, (one) => one.framesDecoded >= 10 && one.width === 320);
    expect(seen).toMatchObject({ codec, width: 320, height: 180, path: stage.path });
  });
}
