import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import type { MediaPage } from '../../support/browsers/media-page.ts';
import { onNodes, type Stage } from '../../support/clusters/topologies.ts';
import { workerUdpPorts } from '../../support/network/udp-ports.ts';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

/** The size that a browser keeps even where the machine is busy; a larger one it would scale down. */
const camera = { width: 320, height: 180 };

/** Two people, far apart, who see and hear each other; then one of them stops. */
export function callScenario(on: OnStage): void {
  it('[CL1] both see each other at full size and hear each other, and the node counts the same packets', async () => {
    const { stage } = on;
    const portsBefore = await workerUdpPorts(stage.mediaPids);
    const room = newRoom();
    await using ada = await on.enter(stage.near, room);
    await using bob = await on.enter(stage.far, room);

    const [fromAda, fromBob] = await Promise.all([
      ada.do('publish', { audio: true, video: camera }),
      bob.do('publish', { audio: true, video: camera }),
    ]);
    await Promise.all([seesAndHears(bob, fromAda, stage), seesAndHears(ada, fromBob, stage)]);
    expect(await onNodes(stage.cluster, 'sfu_pipes'), 'one pair of routers, whoever asked first').toBe(
      stage.path === 'node' ? 2 : 1,
    );
    await countsAgree(bob, fromAda.video);
    await countsAgree(ada, fromBob.audio);

    await stopsWithinASecond(ada, bob, fromAda.video);
    await Promise.all([ada.do('leave'), bob.do('leave')]);
    await nothingIsLeft(stage, portsBefore);
  });
}

async function seesAndHears(viewer: MediaPage, from: { audio?: string; video?: string }, stage: Stage): Promise<void> {
  const fullSize = { width: camera.width, height: camera.height, path: stage.path };
  const seen = await viewer.brings(
    from.video,
    '30 frames at full size',
    ({ framesDecoded, width }) => framesDecoded >= 30 && width === camera.width,
  );
  expect(seen).toMatchObject(fullSize);
  const heard = await viewer.brings(from.audio, 'sound', ({ energy }) => energy > 0.001);
  expect(heard.path).toBe(stage.path);
}

/** What the node says that it has sent lies between what the browser had received before and has after. */
async function countsAgree(viewer: MediaPage, producerId: string | undefined): Promise<void> {
  const before = await viewer.brings(producerId, 'packets', ({ packets }) => packets > 0);
  const stats = await viewer.do('serverStats', { consumerId: before.consumerId });
  const sent = (stats as { type: string; packetCount: number }[]).find(({ type }) => type === 'outbound-rtp');
  expect(sent?.packetCount).toBeGreaterThanOrEqual(before.packets);
  const caughtUp = await viewer.brings(producerId, 'as many packets', ({ packets }) => packets >= sent!.packetCount);
  expect(caughtUp.packets).toBeGreaterThanOrEqual(sent!.packetCount);
}

async function stopsWithinASecond(publisher: MediaPage, viewer: MediaPage, producerId: string | undefined) {
  // What this machine takes now for as many calls into the pages as there are below, without any of our own work.
  const asked = Date.now();
  await Promise.all([publisher.do('notes'), viewer.do('notes')]);
  const yardstick = Date.now() - asked;
  const began = Date.now();
  await publisher.do('unpublish', 'video');
  const end = await eventually("the viewer's track to end", async () =>
    (await viewer.do('notes')).find((one) => one.what === 'ended' && one.producerId === producerId),
  );
  expect(end).toMatchObject({ kind: 'video', trackState: 'ended' });
  expect(end.at - began).toBeLessThan(1000 + 3 * yardstick);
}

async function nothingIsLeft(stage: Stage, portsBefore: readonly number[]): Promise<void> {
  const within = { withinMs: 10_000, everyMs: 100 };
  await eventually('all pipes to be gone', async () => (await onNodes(stage.cluster, 'sfu_pipes')) === 0, within);
  await eventually(
    'the UDP ports of the pipes to be free',
    async () => String(await workerUdpPorts(stage.mediaPids)) === String(portsBefore),
    within,
  );
  expect(await onNodes(stage.cluster, 'sfu_producers')).toBe(0);
  expect(await onNodes(stage.cluster, 'sfu_consumers')).toBe(0);
}
