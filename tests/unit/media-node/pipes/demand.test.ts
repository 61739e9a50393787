import type { ProducerId } from '@sluice/shared';
import { ManualClock } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { Demand } from '../../../../apps/media-node/src/pipes/demand.ts';
import { WantedLayers } from '../../../../apps/media-node/src/pipes/wanted-layers.ts';

const camera = 'camera' as ProducerId;
const screen = 'screen' as ProducerId;

function start() {
  const clock = new ManualClock();
  const told: string[] = [];
  const gone = new Set<ProducerId>();
  const onChange = (producerId: ProducerId, layer: number) => void told.push(`${producerId} ${layer}`);
  const demand = new Demand({ clock, onChange, lives: (producerId) => !gone.has(producerId) });
  return { clock, told, gone, demand };
}

it('[PI13] more is told at once, less after four seconds', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 0);
  await clock.advance(3999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual(['camera 0']);
  demand.set(camera, 'bob', 2);
  expect(told).toEqual(['camera 0', 'camera 2']);
});

it('[PI13] the highest that anybody wants counts, of each producer for itself', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 1);
  demand.set(camera, 'bob', 0);
  demand.set(screen, 'ada', 0);
  await clock.advance(4000);
  expect(told).toEqual(['camera 1', 'screen 0']);
});

it('[PI13] a viewer that goes and comes back within the time costs nothing', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 7);
  demand.remove(camera, 'ada');
  await clock.advance(3000);
  demand.set(camera, 'bob', 7);
  await clock.advance(10_000);
  expect(told).toEqual([]);
});

it('[PI13] nobody left wants −1, after the same time', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 2);
  demand.set(camera, 'bob', -1);
  await clock.advance(4000);
  expect(told).toEqual(['camera 2']);
  demand.remove(camera, 'ada');
  await clock.advance(4000);
  demand.remove(camera, 'bob');
  await clock.advance(4000);
  expect(told).toEqual(['camera 2', 'camera -1']);
});

it('[PI13] a producer is taken to be wanted until it is known not to be', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 7);
  await clock.advance(10_000);
  expect(told).toEqual([]);
});

it('[PI13] a producer that is gone is told nothing more, and leaves no timer', async () => {
  const { clock, told, demand } = start();
  demand.set(camera, 'ada', 0);
  demand.set(screen, 'ada', 0);
  demand.forget(camera);
  demand.close();
  expect(clock.pending).toBe(0);
  await clock.advance(10_000);
  expect(told).toEqual([]);
});

it('[NO56] of a producer that is gone nothing is kept, though its last viewers still change their minds', async () => {
  const { clock, gone, demand } = start();
  demand.set(camera, 'ada', 2);
  gone.add(camera);
  demand.forget(camera);
  demand.set(camera, 'ada', -1);
  demand.set(camera, 'bob', 2);
  demand.remove(camera, 'ada');
  await clock.advance(60_000);
  expect([demand.size, clock.pending]).toEqual([0, 0]);
});

it('[PI13] the highest layer is known of any number of viewers, in whatever order they come, change and go', () => {
  const layers = new WantedLayers();
  const wanted = new Map<string, number>();
  for (let step = 0; step < 2000; step++) {
    const user = `user-${(step * 7919) % 97}`;
    if (step % 3 === 2) {
      expect(layers.delete(user)).toBe(wanted.delete(user));
    } else {
      layers.set(user, ((step * 31) % 9) - 1);
      wanted.set(user, ((step * 31) % 9) - 1);
    }
    expect(layers.highest).toBe(Math.max(-1, ...wanted.values()));
  }
});
