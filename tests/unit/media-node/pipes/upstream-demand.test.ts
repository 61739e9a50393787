import type { ProducerId } from '@sluice/shared';
import { SluiceError } from '@sluice/shared';
import { ManualClock, settle } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { UpstreamDemand } from '../../../../apps/media-node/src/pipes/upstream-demand.ts';

const camera = 'camera' as ProducerId;

/** Whom it is told answers as the test says, one word after the other. */
function start() {
  const clock = new ManualClock();
  const words: { layer: number; answer: PromiseWithResolvers<void> }[] = [];
  const tell = (_producerId: ProducerId, layer: number) => {
    const answer = Promise.withResolvers<void>();
    words.push({ layer, answer });
    return answer.promise;
  };
  const errand = new UpstreamDemand({ clock, tell });
  return { clock, errand, words, layers: () => words.map(({ layer }) => layer) };
}

const busy = new SluiceError('deadlineExceeded', 'Too busy.');

it('[PI13] one word at a time, and the newest: what changed back meanwhile is told again', async () => {
  const { errand, words, layers } = start();
  errand.send(camera, -1);
  errand.send(camera, 0);
  errand.send(camera, 7);
  expect(layers()).toEqual([-1]);
  words[0]?.answer.resolve();
  await settle();
  expect(layers()).toEqual([-1, 7]);
  words[1]?.answer.resolve();
  await settle();
  expect(layers()).toEqual([-1, 7]);
  errand.send(camera, 7);
  expect(layers()).toEqual([-1, 7, 7]);
});

it('[PI13] a word that was not heard is repeated, or the newer one in its place', async () => {
  const { clock, errand, words, layers } = start();
  errand.send(camera, 7);
  words[0]?.answer.reject(busy);
  await clock.advance(625);
  expect(layers()).toEqual([7, 7]);
  words[1]?.answer.reject(busy);
  errand.send(camera, 1);
  await clock.advance(1250);
  expect(layers()).toEqual([7, 7, 1]);
});

it('[PI13] it is given up where it cannot be told, and when the producer is gone', async () => {
  const { clock, errand, words, layers } = start();
  errand.send(camera, 7);
  words[0]?.answer.reject(new SluiceError('producerNotFound', 'Gone.'));
  await clock.advance(10_000);
  expect(layers()).toEqual([7]);
  errand.send(camera, 3);
  errand.forget(camera);
  words.at(-1)?.answer.reject(busy);
  await clock.advance(10_000);
  expect(layers()).toEqual([7, 3]);
  expect(clock.pending).toBe(0);
});

it('[PI13] a node that is silent for a minute is told when it is back, and not asked more often than needed', async () => {
  const { clock, errand, words, layers } = start();
  errand.send(camera, 2);
  for (let second = 0; second < 60; second++) {
    words.at(-1)?.answer.reject(busy);
    await clock.advance(1000);
  }
  const asked = layers().length;
  expect(asked).toBeGreaterThan(10);
  expect(asked).toBeLessThan(25);
  words.at(-1)?.answer.reject(busy);
  await clock.advance(5000);
  words.at(-1)?.answer.resolve();
  await clock.advance(60_000);
  expect(layers().at(-1)).toBe(2);
  expect(layers().length).toBeLessThanOrEqual(asked + 1);
  expect(clock.pending).toBe(0);
});
