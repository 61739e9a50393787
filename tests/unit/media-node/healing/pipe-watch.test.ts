import type { ProducerId } from '@sluice/shared';
import { silentLogger } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { PipeWatch } from '../../../../apps/media-node/src/healing/pipe-watch.ts';

const producerId = 'camera' as ProducerId;

const flowing = { kind: 'video', paused: false };

/** One link from another node, whose sender sends all the time and from which nothing comes. */
function start({ taken = flowing, wanted = true }: { taken?: object; wanted?: boolean } = {}) {
  const clock = new ManualClock();
  let [looks, severed] = [0, 0];
  const end = {
    scope: 'node',
    farAddress: 'node:a:1',
    farRouter: 'theirs',
    router: { id: 'ours' },
    taken: new Map([[producerId, taken]]),
    traffic: async () => {
      looks++;
      return { received: 0, sent: 0 };
    },
  };
  const links = {
    ends: new Set([end]),
    sweep: async () => ({ known: true, lost: 0, sent: clock.now() }),
    sever: () => void severed++,
    release: async () => undefined,
  };
  const slices = [{ links, log: silentLogger, demand: { wants: () => wanted } }];
  const metrics = { pipeRepairs: { inc: () => undefined } };
  const node = { clock, slices, metrics } as unknown as ConstructorParameters<typeof PipeWatch>[0];
  const watch = new PipeWatch(node);
  watch.start();
  return { clock, watch, looks: () => looks, severed: () => severed };
}

it('[PI16] a link that nothing comes on of what is sent is severed', async () => {
  const { clock, severed } = start();
  await clock.advance(3000);
  expect(severed()).toBe(1);
});

it.each([
  ['data', { taken: { type: 'sctp' } }],
  ['what is paused', { taken: { kind: 'video', paused: true } }],
  ['what nobody wants', { wanted: false }],
])('[PI17] a link of nothing but %s is not even looked at', async (_what, options) => {
  const { clock, looks, severed } = start(options);
  await clock.advance(30_000);
  expect([looks(), severed()]).toEqual([0, 0]);
});

it('[PI17] a stopped watch looks at nothing', async () => {
  const { clock, watch, looks } = start();
  await clock.advance(3000);
  const before = looks();
  watch.stop();
  await clock.advance(10_000);
  expect([looks(), clock.pending]).toEqual([before, 0]);
});
