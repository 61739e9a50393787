import { eventually } from '@sluice/shared/testing';
import { expect, test } from 'vitest';
import { everybodyMeets, longestStandstill, picturesMove } from '../support/browsers/meeting.ts';
import { testimonyOf } from '../support/browsers/witness.ts';
import { callInside, type CallInside, type Inside } from '../support/network/call-inside.ts';
import { pictureGaps } from '../support/browsers/picture-gaps.ts';

interface Change {
  waysUp: 1 | 2;
  happens(call: CallInside): Promise<void>;
}

const changes = {
  'its network goes as another comes': {
    waysUp: 1,
    async happens({ namespace }) {
      await namespace.takeDown(0);
      await namespace.bringUp(1);
    },
  },
  'of its two networks the one that carries the media goes': {
    waysUp: 2,
    happens: ({ namespace, carried: [first = 0, second = 0] }) => namespace.takeDown(first > second ? 0 : 1),
  },
} as const satisfies Record<string, Change>;

const names = Object.keys(changes) as (keyof typeof changes)[];
const cases = (['Chromium', 'Firefox'] satisfies Inside[]).flatMap((browser) =>
  names.map((change) => ({ browser, change })),
);

const backWithinMs = 10_000;

test.skipIf(process.platform !== 'linux').each(cases)(
  '[CL54] $browser: $change, and pictures move again within 10 s, both ways, and the person is told',
  async ({ browser, change }) => {
    const { waysUp, happens } = changes[change];
    await using call = await callInside(browser, { waysUp });
    const { ada, everybody, calmMs } = call;
    await happens(call);
    const felt = async () => (await pictureGaps(ada)).sinceLastMs > Math.max(500, 2 * calmMs);
    await eventually('the picture to stand still', felt, { withinMs: 10_000, everyMs: 20 });
    await picturesMove(everybody);
    const stoodStillMs = await longestStandstill(everybody);
    const { told } = await testimonyOf(ada);
    expect(stoodStillMs).toBeLessThan(backWithinMs + calmMs);
    expect(told.join(' ')).toMatch(/Reconnecting|Looking for another way/);
    await everybodyMeets(everybody);
    for (const tab of Object.values(everybody)) expect(await testimonyOf(tab)).toMatchObject({ left: [], ends: [] });
  },
);
