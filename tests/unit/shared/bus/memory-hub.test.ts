import { expect, test } from 'vitest';
import { createMemoryBus, createMemoryHub } from '../../../../packages/shared/src/bus/memory-bus.ts';
import { createMemoryDirectory } from '../../../../packages/shared/src/directory/memory-directory.ts';
import { ManualClock, ownerNamed, peerRecord, roomNamed, settle } from '../../../../packages/shared/testing/index.ts';

test('a full queue refuses, and counts what it refused', async () => {
  const hub = createMemoryHub({ maxQueued: 3 });
  const bus = createMemoryBus(hub);
  const heard: string[] = [];
  await bus.subscribe('c', (message) => heard.push(message));
  const answers = await Promise.allSettled(['1', '2', '3', '4'].map((message) => bus.publish('c', message)));
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect(hub.dropped).toBe(1);
  await settle();
  expect(heard).toEqual(['1', '2', '3']);
  expect(await bus.publish('c', '5')).toBe(1);
});

test('messages that cause each other leave the event loop its turns', async () => {
  const bus = createMemoryBus(createMemoryHub());
  let going = true;
  await bus.subscribe('loop', (message) => void (going && bus.publish('loop', message)));
  await bus.publish('loop', 'again');
  await new Promise((resolve) => setTimeout(resolve, 5));
  going = false;
});

test('rooms whose time is over are let go by the births after them', async () => {
  const clock = new ManualClock();
  const hub = createMemoryHub({ clock });
  const bus = createMemoryBus(hub);
  const directory = createMemoryDirectory({ hub, bus, limits: { roomTtlMs: 1000 } });
  const enter = (name: string) => directory.enter(roomNamed(name), peerRecord('p', ownerNamed('n')), { maxPeers: 1 });
  const epochs = new Set<number>();
  for (let index = 0; index < 100; index++) {
    epochs.add((await enter(`room-${index}`)).epoch);
    await clock.advance(100);
  }
  expect(epochs.size).toBe(100);
  expect(directory.heldRooms).toBeLessThan(12);
});
