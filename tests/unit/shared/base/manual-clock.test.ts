import { expect, test } from 'vitest';
import { createMemoryBus, createMemoryHub } from '../../../../packages/shared/src/bus/memory-bus.ts';
import { delay } from '../../../../packages/shared/src/base/clock.ts';
import { ManualClock, settle } from '../../../../packages/shared/testing/index.ts';

test('timers run at their own times, in order, and those of one instant in the order they were set', async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
  clock.setTimer(note('late'), 30);
  clock.setTimer(note('first'), 10);
  clock.setTimer(note('second'), 10);
  const repeating = clock.setRepeating(note('tick'), 20);
  clock.setTimer(note('cancelled'), 15).cancel();
  await clock.advance(45);
  repeating.cancel();
  await clock.advance(1000);
  expect(ran).toEqual(['first at 10', 'second at 10', 'tick at 20', 'late at 30', 'tick at 40']);
  expect(clock.pending).toBe(0);
  expect(clock.now()).toBe(1045);
});

test('what a timer starts goes on before the next one runs', async () => {
  const clock = new ManualClock();
  const bus = createMemoryBus(createMemoryHub({ clock }));
  const heard: string[] = [];
  await bus.subscribe('c', (message) => heard.push(`${message} at ${clock.now()}`));
  clock.setTimer(() => void bus.publish('c', 'hello'), 10);
  const waited = (async () => {
    await delay(clock, 10);
    await delay(clock, 10);
    return clock.now();
  })();
  clock.setTimer(() => heard.push('end'), 11);
  await clock.advance(25);
  expect(heard).toEqual(['hello at 10', 'end']);
  expect(await waited).toBe(20);
});

test.each([1, 7, 500])(
  'what is under way comes to rest, also where %i messages cause each other one by one',
  async (count) => {
    const bus = createMemoryBus(createMemoryHub());
    let heard = 0;
    await bus.subscribe('chain', () => {
      if (++heard < count) void Promise.resolve().then(() => bus.publish('chain', 'next'));
    });
    await bus.publish('chain', 'first');
    await settle();
    expect(heard).toBe(count);
  },
);

test('what goes in circles is said, and not waited for', async () => {
  const bus = createMemoryBus(createMemoryHub());
  let going = true;
  const subscription = await bus.subscribe('circle', () => void (going && bus.publish('circle', 'again')));
  await bus.publish('circle', 'first');
  await expect(settle()).rejects.toThrow('Nothing came to rest');
  going = false;
  await subscription.unsubscribe();
});

test('what waits for rest while it is waited for goes on first', async () => {
  const bus = createMemoryBus(createMemoryHub());
  const heard: string[] = [];
  await bus.subscribe('c', (message) => {
    heard.push(message);
    if (message === 'first') void settle().then(() => bus.publish('c', 'second'));
  });
  await bus.publish('c', 'first');
  await settle();
  expect(heard).toEqual(['first', 'second']);
});
