import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

/** Data channels, over SCTP from one browser to another. */
export function dataScenarios(on: OnStage): void {
  it('[CL3] messages on a data channel come across in order, both ways', async () => {
    const { stage } = on;
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);
    const [fromAda, fromBob] = await Promise.all([ada.do('openChannel', 'a'), bob.do('openChannel', 'b')]);
    await Promise.all([bob.do('listen', fromAda), ada.do('listen', fromBob)]);

    const texts = Array.from({ length: 50 }, (_, index) => `${index} ${'é'.repeat(index * 20)}`);
    for (const text of texts) await ada.do('say', 'a', text);
    await bob.do('say', 'b', 'heard');
    const carried = await eventually('all messages', async () => {
      const heard = await bob.do('carried', fromAda);
      return heard.length >= texts.length && heard;
    });
    expect(carried).toEqual(texts);
    await eventually('the answer', async () => (await ada.do('carried', fromBob)).includes('heard'));
  });
}
