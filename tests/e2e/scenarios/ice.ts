import { eventually } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { readMetric } from '../../support/clusters/cluster.ts';
import { MediaPage } from '../../support/browsers/media-page.ts';
import { newRoom, type OnStage } from '../../support/clusters/use-stage.ts';

const soon = { withinMs: 15_000, everyMs: 50 };

/** How packets find their way between a browser and its node. */
export function iceScenarios(on: OnStage): void {
  it('[CL6] an ICE restart of either transport leaves the media running, on new credentials', async () => {
    const { near, far } = on.stage;
    const room = newRoom();
    await using ada = await MediaPage.open(on.browser);
    await using bob = await MediaPage.open(on.browser);
    await Promise.all([ada.do('plainJoin', { ...near, room }), bob.do('plainJoin', { ...far, room })]);
    await bob.do('plainConsume', await ada.do('plainPublish'));
    const frames = async () => (await bob.do('plainState')).framesDecoded;
    await eventually('video', async () => (await frames()) > 5, soon);

    for (const [tab, direction] of [
      [ada, 'send'],
      [bob, 'recv'],
    ] as const) {
      const before = (await tab.do('plainState'))[direction];
      expect(before.state).toBe('connected');
      await tab.do('plainRestartIce', direction);
      const isAnew = async () => {
        const now = (await tab.do('plainState'))[direction];
        return now.credentials !== before.credentials && now.state === 'connected' && now;
      };
      const after = await eventually('new credentials', isAnew, soon);
      expect(after.credentials).not.toBe('');
      const decoded = await frames();
      await eventually('more video', async () => (await frames()) > decoded + 10, soon);
    }
  });

  it('[CL7] a client that reaches its node over TCP alone sends and receives all the same', async () => {
    const { near, far, cluster } = on.stage;
    const room = newRoom();
    await using ada = await MediaPage.open(on.browser);
    await using bob = await MediaPage.open(on.browser);
    const tcpOnly = true;
    await Promise.all([
      ada.do('plainJoin', { ...near, room, tcpOnly }),
      bob.do('plainJoin', { ...far, room, tcpOnly }),
    ]);
    await bob.do('plainConsume', await ada.do('plainPublish'));
    await eventually('video', async () => (await bob.do('plainState')).framesDecoded > 5, soon);
    expect((await ada.do('plainState')).send).toMatchObject({ protocol: 'tcp', state: 'connected' });
    expect((await bob.do('plainState')).recv).toMatchObject({ protocol: 'tcp', state: 'connected' });
    for (const { opsUrl } of cluster.nodes) {
      expect(await readMetric(opsUrl, 'sfu_ice_selected_total', { protocol: 'tcp' })).toBeGreaterThan(0);
    }
  });
}
