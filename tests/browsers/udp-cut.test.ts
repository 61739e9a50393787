import { eventually } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { everybodyMeets, longestStandstill, picturesMove } from '../support/browsers/meeting.ts';
import { pass } from '../support/browsers/pass.ts';
import { testimonyOf } from '../support/browsers/witness.ts';
import { callInside, type Inside } from '../support/network/call-inside.ts';
import { pictureGaps } from '../support/browsers/picture-gaps.ts';

const cutSeconds = 20;

test.skipIf(process.platform !== 'linux').each(['Chromium', 'Firefox'] satisfies Inside[])(
  '[CL55] %s: UDP is cut for 20 s while the WebSocket lives; pictures move again by TCP meanwhile',
  async (browser) => {
    await using call = await callInside(browser);
    const { namespace, ada, everybody, calmMs } = call;
    const cut = await namespace.cutUdp();
    const began = performance.now();
    const felt = async () => (await pictureGaps(ada)).sinceLastMs > Math.max(500, 2 * calmMs);
    await eventually('the picture to stand still', felt, { withinMs: 10_000, everyMs: 20 });
    await pass(cutSeconds - (performance.now() - began) / 1000);
    await cut[Symbol.asyncDispose]();
    const cutMs = performance.now() - began;
    await picturesMove(everybody);
    const stoodStillMs = await longestStandstill(everybody);
    const { told } = await testimonyOf(ada);
    expect(stoodStillMs).toBeLessThan(cutMs);
    expect(told.join(' ')).toMatch(/Looking for another way/);
    await everybodyMeets(everybody);
    for (const tab of Object.values(everybody)) expect(await testimonyOf(tab)).toMatchObject({ left: [], ends: [] });
  },
);
