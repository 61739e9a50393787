import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { camera, mediaRoom } from '../support/media-room.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Ada is seen, and nothing is sent; the browser says `connected` to the end. */
async function watching() {
  const room = await mediaRoom();
  await room.adaJoins();
  await room.network('recv').turns('connecting');
  await room.network('recv').turns('connected');
  return room;
}

async function calling() {
  const room = await watching();
  await room.room.publish(camera(), { source: 'camera' });
  await room.network('send').turns('connecting');
  await room.network('send').turns('connected');
  return room;
}

test('[CK18] media that stops, with a way that answers no more, has ICE restarted within 3.5 s', async () => {
  const { network, said, heard } = await watching();
  await network('recv').flows(5);
  await vi.advanceTimersByTimeAsync(2000);
  expect(said('restartIce')).toEqual([]);
  await vi.advanceTimersByTimeAsync(1500);
  expect(said('restartIce')).toMatchObject([{ transportId: 'given-recv' }]);
  expect(heard).toEqual(['mediaInterrupted recv']);
  await network('recv').flows(1);
  expect(heard).toEqual(['mediaInterrupted recv', 'mediaRestored recv']);
});

test('[CK18] media that stops on both transports at once has ICE restarted in 2 s', async () => {
  const { network, said } = await calling();
  await Promise.all([network('recv').flows(5), network('send').flows(5)]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(said('restartIce')).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(
    said('restartIce')
      .map(({ transportId }) => transportId)
      .toSorted(),
  ).toEqual(['given-recv', 'given-send']);
});

test('[CK18] one that stops while the other flows is looked at, and left alone as long as its way answers', async () => {
  const { network, said, heard } = await calling();
  await Promise.all([network('recv').flows(5), network('send').flows(5)]);
  for (let second = 0; second < 60; second++) {
    network('recv').responsesReceived++;
    await network('send').flows(1);
  }
  expect(said('restartIce')).toEqual([]);
  expect(heard).toEqual([]);
});

test('[CK18] what never flowed steadily is no sign', async () => {
  const { network, said } = await watching();
  for (let times = 0; times < 10; times++) {
    network('recv').bytesReceived += 100;
    await vi.advanceTimersByTimeAsync(3000);
  }
  expect(said('restartIce')).toEqual([]);
});

test('[CK19] a restart whose way answers, and brings no media that flowed before, is followed by a new transport', async () => {
  const { network, said, heard } = await watching();
  await network('recv').flows(5);
  const before = network('recv');
  await before.turns('failed');
  before.responsesReceived++;
  await before.turns('connected');
  await vi.advanceTimersByTimeAsync(1500);
  expect(said('restartIce')).toHaveLength(1);
  expect(said('consume').at(-1)).toMatchObject({ producerIds: ['cam'], transportId: expect.stringMatching(/^made/) });
  expect(heard).toEqual(['mediaInterrupted recv']);
  await network('recv').turns('connecting');
  await network('recv').turns('connected');
  expect(heard).toEqual(['mediaInterrupted recv', 'mediaRestored recv']);
});

test('[CK19] a restart of what carried nothing is over when its way answers', async () => {
  const { network, said, heard } = await watching();
  const consumed = said('consume').length;
  await network('recv').turns('failed');
  network('recv').responsesReceived++;
  await network('recv').turns('connected');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual(['mediaInterrupted recv', 'mediaRestored recv']);
  expect(said('consume')).toHaveLength(consumed);
});
