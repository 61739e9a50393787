import { eventually } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import { readMetric } from '../support/clusters/cluster.ts';
import { ask } from '../support/redis/redis-process.ts';
import { processes } from '../support/clusters/topologies.ts';
import { newRoom, useStage } from '../support/clusters/use-stage.ts';

const deep = 100_000;

/** None of them is a word of ours, on whatever channel it comes. */
const garbage: [string, string][] = [
  ['random bytes', String.fromCharCode(...Array.from({ length: 512 }, (_, index) => (index * 7919) % 65_536))],
  ['nothing', ''],
  ['a megabyte', 'x'.repeat(1_000_000)],
  [
    'a megabyte of JSON',
    JSON.stringify({ type: 'request', kind: 'node', epoch: 1, seq: 1, events: ['x'.repeat(1_000_000)] }),
  ],
  ['depth', '['.repeat(deep) + ']'.repeat(deep)],
  ['another version', '{"v":2,"type":"requestV2","kind":"nodeV2","epoch":"1","seq":1.5,"events":{}}'],
  ['a prototype', '{"__proto__":{"type":"ping","kind":"farewell"},"constructor":{"prototype":{"type":"ping"}}}'],
  ['numbers', '1e999'],
  ['null', 'null'],
];

describe(processes.name, () => {
  const on = useStage(processes);

  it('[NO7] [CL8] garbage on every channel of a cluster is counted by everyone who hears it, and the call goes on', async () => {
    const { cluster, near, far, redisUrl = '' } = on.stage;
    const redisPort = Number(new URL(redisUrl).port);
    const room = newRoom();
    await using ada = await on.enter(near, room);
    await using bob = await on.enter(far, room);
    const { video } = await ada.do('publish', { video: { width: 320, height: 180 } });
    const before = await bob.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);

    const opsUrls = [...cluster.nodes, ...cluster.gateways].map(({ opsUrl }) => opsUrl);
    const dropped = async () => {
      const counts = opsUrls.map((url) => readMetric(url, 'sfu_bus_messages_dropped_total', { reason: 'garbage' }));
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };
    const channels = (await ask(redisPort, 'PUBSUB', 'CHANNELS', 'sluice:*')) as string[];
    const heard = channels.filter((channel) => !channel.startsWith('sluice:probe:'));
    expect(heard.map((channel) => channel.split(':')[1]).sort()).toEqual([
      'gateway',
      'gateway',
      'node',
      'node',
      'registry',
      'room',
    ]);
    const droppedBefore = await dropped();
    let hearers = 0;
    for (const channel of channels) {
      for (const [, text] of garbage) {
        const count = Number(await ask(redisPort, 'PUBLISH', channel, text));
        if (heard.includes(channel)) hearers += count;
      }
    }
    expect(hearers, 'four inboxes, and registry and room heard by all four').toBe(garbage.length * 12);
    await eventually('all of it to be counted', async () => (await dropped()) - droppedBefore === hearers, {
      withinMs: 10_000,
    });

    for (const url of opsUrls) expect((await fetch(`${url}/readyz`)).status, url).toBe(200);
    await bob.brings(video, 'more video', ({ framesDecoded }) => framesDecoded > before.framesDecoded + 10);
    await using eve = await on.enter(far, room);
    await eve.brings(video, 'video', ({ framesDecoded }) => framesDecoded > 5);
  });
});
