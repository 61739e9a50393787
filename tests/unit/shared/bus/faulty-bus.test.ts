import { expect, test } from 'vitest';
import { createMemoryBus, createMemoryHub } from '../../../../packages/shared/src/bus/memory-bus.ts';
import { type Faults, FaultyBus, ManualClock } from '../../../../packages/shared/testing/index.ts';

/** A sound bus, and one with faults that hears channel `c`. */
async function pair(faults: Partial<Faults>, seed = 1) {
  const clock = new ManualClock();
  const hub = createMemoryHub({ clock });
  const sound = createMemoryBus(hub);
  const faulty = new FaultyBus(createMemoryBus(hub), { seed, clock, faults });
  const heard: string[] = [];
  await faulty.subscribe('c', (message) => heard.push(message));
  const send = async (count: number): Promise<string[]> => {
    const sent = Array.from({ length: count }, (_, index) => String(index));
    for (const message of sent) await sound.publish('c', message);
    await clock.advance(0);
    return sent;
  };
  return { clock, sound, faulty, heard, send };
}

test('without faults everything comes, once and in order', async () => {
  const { heard, send, faulty } = await pair({});
  expect(await send(50)).toEqual(heard);
  expect(faulty.counts).toEqual({ delivered: 50, lost: 0, doubled: 0, late: 0 });
});

test('late messages keep their order, unless told otherwise', async () => {
  const late = await pair({ lateMs: [0, 100] });
  const sent = await late.send(50);
  expect(late.heard.length).toBeLessThan(50);
  await late.clock.advance(100);
  expect(late.heard).toEqual(sent);

  const mixed = await pair({ lateMs: [0, 100], reorder: true });
  await mixed.send(50);
  await mixed.clock.advance(100);
  expect(mixed.heard).not.toEqual(sent);
  expect(mixed.heard.toSorted()).toEqual(sent.toSorted());
});

test('lost and doubled messages are counted, and the seed brings them back', async () => {
  const faults = { lost: 0.3, doubled: 0.3 };
  const [one, same, other] = [await pair(faults, 7), await pair(faults, 7), await pair(faults, 8)];
  for (const { send } of [one, same, other]) await send(200);
  const { lost, doubled, delivered } = one.faulty.counts;
  expect(lost).toBeGreaterThan(30);
  expect(doubled).toBeGreaterThan(20);
  expect(delivered).toBe(200 - lost + doubled);
  expect(one.heard).toHaveLength(delivered);
  expect(same.heard).toEqual(one.heard);
  expect(other.heard).not.toEqual(one.heard);
});

test('faults can be for some channels alone, and change while it runs', async () => {
  const { faulty, heard, send } = await pair({ lost: 1, on: (channel) => channel !== 'c' });
  await send(3);
  faulty.set({ on: () => true });
  await send(3);
  faulty.set({ lost: 0 });
  await send(1);
  expect(heard).toEqual(['0', '1', '2', '0']);
});

test('a process that is cut off neither publishes nor hears, and knows it', async () => {
  const { faulty, sound, heard, send } = await pair({});
  const changes: boolean[] = [];
  faulty.onChange((connected) => changes.push(connected));
  faulty.set({ cut: 'both' });
  expect(faulty.connected).toBe(false);
  await send(3);
  await expect(faulty.publish('c', 'x')).rejects.toMatchObject({ code: 'coordinatorUnavailable' });
  expect(heard).toEqual([]);
  faulty.set({ cut: 'in' });
  expect(await faulty.publish('c', 'x')).toBe(1);
  await send(0);
  faulty.set({ cut: 'none' });
  await sound.publish('c', 'back');
  await send(0);
  expect(heard).toEqual(['back']);
  expect(changes).toEqual([false, true]);
});
