import { type Directory, SluiceError } from '@sluice/shared';
import { expect, test } from 'vitest';
import { LoneNode } from '../../support/clusters/lone-node.ts';
import { wrapped } from '../../support/wrapped-directory.ts';

const sweepMs = 6000;

test('[NO34] a room that cannot be read keeps no other room from being swept', async () => {
  let broken = false;
  const wrap = (real: Directory) =>
    wrapped(real, (directory) => ({
      eventsAfter: async (room, position) => {
        if (broken && room === 'bad') throw new Error('A corrupt entry.');
        return directory.eventsAfter(room, position);
      },
    }));
  await using lone = await LoneNode.start({ wrap });
  const gateway = await lone.gateway('gw-1');
  await gateway.join('bad');
  await gateway.join('good');
  const gone = await gateway.join('good');
  // A leave whose write was lost: this node has let the peer go, the directory has not heard of it.
  lone.slice('good')!.discard(gone.peer!);
  broken = true;
  await lone.pass(sweepMs);
  expect(await gone.record()).toBeUndefined();
});

test('[NO34] rooms are touched and compared while forty pairs with a dead node are not answered', async () => {
  const touched: number[] = [];
  const wrap = (real: Directory) =>
    wrapped(real, (directory) => ({
      touch: (owner, rooms) => {
        touched.push(lone.clock.now());
        return directory.touch(owner, rooms);
      },
    }));
  await using lone = await LoneNode.start({ wrap });
  const gateway = await lone.gateway('gw-1');
  await gateway.join('a');
  const slice = lone.slice('a')!;
  const dead = Array.from({ length: 40 }, (_, index) => ({ id: String(index) }));
  const asked: string[] = [];
  Object.defineProperty(slice.links, 'ends', { configurable: true, get: () => dead });
  slice.links.sweep = async ({ id }) => {
    asked.push(id);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    lone.clock.setTimer(() => resolve(undefined), 1500);
    return promise;
  };
  await lone.pass(2 * sweepMs);
  expect(touched.length).toBeGreaterThan(1);
  expect(asked).toHaveLength(40 * touched.length);
  Reflect.deleteProperty(slice.links, 'ends');
});

test('[NO35] a mute that the directory could not be told of is told by the next sweep', async () => {
  let away = false;
  const wrap = (real: Directory) =>
    wrapped(real, (directory) => ({
      commit: async (...call) => {
        if (away) throw new SluiceError('coordinatorUnavailable', 'Away for a moment.');
        return directory.commit(...call);
      },
    }));
  await using lone = await LoneNode.start({ wrap });
  const ann = await (await lone.gateway('gw-1')).join('a');
  await ann.connect();
  const producerId = await ann.produce();
  const paused = async () => (await lone.records('a'))?.producers.map((producer) => producer.paused);
  away = true;
  await expect(ann.ask('pauseProducer', { producerId })).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
  away = false;
  expect(await paused()).toEqual([false]);
  await lone.pass(sweepMs);
  expect(await paused()).toEqual([true]);
});

test('[NO35] a record that the directory has otherwise is written again', async () => {
  await using lone = await LoneNode.start();
  const ann = await (await lone.gateway('gw-1')).join('a', { name: 'Ann' });
  const { peer } = ann;
  const told = { ...peer!.record, name: 'Somebody' };
  await lone.directory.commit(ann.room, lone.node.owner, [{ type: 'updatePeer', peer: told }]);
  await lone.pass(sweepMs);
  expect(await ann.record()).toMatchObject({ name: 'Ann' });
});

test('[NO35] a change of name that the directory refused is not made later, neither here nor there', async () => {
  let away = false;
  const wrap = (real: Directory) =>
    wrapped(real, (directory) => ({
      commit: async (...call) => {
        if (away) throw new SluiceError('coordinatorUnavailable', 'Away for a moment.');
        return directory.commit(...call);
      },
    }));
  await using lone = await LoneNode.start({ wrap });
  const ann = await (await lone.gateway('gw-1')).join('a', { name: 'Ann' });
  away = true;
  await expect(ann.ask('updatePeer', { name: 'Anna' })).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
  away = false;
  await lone.pass(sweepMs);
  expect([ann.peer?.record.name, (await ann.record())?.name]).toEqual(['Ann', 'Ann']);
});
