import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { PipePorts } from '../../../../apps/media-node/src/pipes/pipe-ports.ts';

it('[NO53] ports that another process took are asked for again after a while, though no pipe gave one back', async () => {
  const clock = new ManualClock();
  const told: boolean[] = [];
  const ports: PipePorts = new PipePorts({ clock, onChange: () => told.push(ports.spent) });
  ports.freed();
  expect(told).toEqual([]);
  ports.ranOut();
  await clock.advance(9000);
  ports.ranOut();
  await clock.advance(9000);
  expect(told).toEqual([true]);
  await clock.advance(1000);
  expect(told).toEqual([true, false]);
  expect(clock.pending).toBe(0);
});
