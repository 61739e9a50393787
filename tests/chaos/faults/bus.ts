import { setTimeout as wait } from 'node:timers/promises';
import { joinRoom, type Room } from '@sluice/client';
import { ask } from '../../support/redis/redis-process.ts';
import type { Fault, Scene } from '../fault.ts';
import type { Fate } from '../../support/network/tcp-way.ts';

/** People come, say something and go while messages are maltreated. Returns how many could not. */
async function traffic({ stage, ada, problem, note }: Scene, forMs: number, mostFailures: number): Promise<void> {
  const until = performance.now() + forMs;
  let [done, failed] = [0, 0];
  const slowest: number[] = [];
  while (performance.now() < until) {
    const began = performance.now();
    let room: Room | undefined;
    try {
      const url = stage.socketsFrom(done % 2);
      room = await joinRoom({ url, room: ada.room.id, autoSubscribe: false, deadlineMs: 6000 });
      await room.sendMessage({ said: done });
    } catch {
      failed++;
    } finally {
      await room?.leave();
    }
    done++;
    slowest.push(performance.now() - began);
  }
  note('visits', done);
  note('visits that failed', failed);
  note('the slowest visit took', Math.max(...slowest));
  if (failed > mostFailures * done) problem(`${failed} of ${done} visits failed`);
}

const maltreat = (
  id: string,
  name: string,
  how: string,
  fate: (random: () => number) => Fate,
  { forMs = 8000, mostFailures = 0 } = {},
): Fault => ({
  id,
  name,
  how: `${how}, to every process, for ${forMs / 1000} s of people coming and going`,
  expect: 'media without a lost packet; every action ends in a result or a typed error; nothing is made twice',
  touchesMedia: false,
  runs: 3,
  async act(scene) {
    for (const way of scene.stage.ways) way.messages(fate(scene.random));
    try {
      await traffic(scene, forMs, mostFailures);
    } finally {
      for (const way of scene.stage.ways) way.messages(() => [0]);
    }
  },
});

const isReply = (channel: string): boolean => channel.includes(':gateway:');

export const busFaults: readonly Fault[] = [
  maltreat('22', 'every message comes twice', 'each message of the bus again 30 ms later', () => () => [0, 30]),
  maltreat(
    '23',
    'messages come after their deadline',
    'one message in fifty again 5 s later',
    (random) => () => (random() < 0.02 ? [0, 5000] : [0]),
  ),
  maltreat('24', 'messages overtake each other', 'each message up to 40 ms later', (random) => () => [random() * 40]),
  maltreat(
    '25',
    'replies are lost',
    'one message to a gateway in ten does not arrive',
    (random) => (channel) => (isReply(channel) && random() < 0.1 ? [] : [0]),
    { mostFailures: 0.1 },
  ),
  maltreat(
    '26',
    'one message in a hundred is lost',
    '1 % of all messages',
    (random) => () => (random() < 0.01 ? [] : [0]),
    { forMs: 20_000, mostFailures: 0.02 },
  ),
  maltreat('26b', 'one message in ten is lost', '10 % of all messages', (random) => () => (random() < 0.1 ? [] : [0]), {
    forMs: 20_000,
    mostFailures: 0.25,
  }),
  {
    id: '27',
    name: 'poison on every channel',
    how: 'garbage, a megabyte, unknown versions and `__proto__`, published to every channel that has a subscriber',
    expect: 'dropped and counted; every process lives',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, problem }) {
      const { port } = stage.redis;
      const channels = (await ask(port, 'PUBSUB', 'CHANNELS')) as string[];
      const poisons = [
        '',
        'garbage',
        '{',
        '{"v":99}',
        '{"__proto__":{"polluted":1}}',
        'x'.repeat(2 ** 20),
        '[]',
        'null',
      ];
      for (const channel of channels) for (const poison of poisons) await ask(port, 'PUBLISH', channel, poison);
      await wait(500);
      for (const child of stage.processes) {
        const dropped = await stage.metric(child, 'sfu_bus_messages_dropped_total', { reason: 'garbage' });
        if (dropped === 0) problem(`${child.name} counted nothing`);
      }
    },
  },
];
