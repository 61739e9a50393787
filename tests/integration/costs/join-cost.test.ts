import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawPeer } from '../../support/raw/raw-peer.ts';
import { monitorRedis } from '../../support/redis/redis-monitor.ts';
import { startRedis, type TestRedis } from '../../support/redis/redis.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

let redis: TestRedis;
let cluster: LocalCluster;

beforeAll(async () => {
  redis = await startRedis();
  cluster = await LocalCluster.start({
    ...{ nodes: 2, gateways: 2, workers: 1, port: 0, host: '127.0.0.1' },
    redisUrl: redis.url,
  });
});

afterAll(async () => {
  await cluster?.stop();
  await redis?.stop();
});

const place = (index: number) => ({ url: cluster.urlOf(index % 2), node: `node-${(index % 2) + 1}` });

/** Silent members, half by one gateway and node, half by the other. */
async function fill(room: string, count: number): Promise<RawPeer[]> {
  const members: RawPeer[] = [];
  for (let index = 0; index < count; index += 20) {
    const some = Array.from({ length: Math.min(20, count - index) }, (_, at) => at);
    members.push(
      ...(await Promise.all(
        some.map((at) => RawPeer.join(place(at), room, [], { transports: false, name: 'Silent' })),
      )),
    );
  }
  return members;
}

/** What Redis carries for one join: the node's answer, and all that is published, in characters. */
async function costOf(room: string) {
  const published: { channel: string; message: string }[] = [];
  using _monitor = await monitorRedis(redis.url, ([command = '', channel = '', message = '']) => {
    if (/^s?publish$/i.test(command)) published.push({ channel, message });
  });
  const joined = await RawPeer.join(place(0), room);
  const isAnswer = ({ channel, message }: { channel: string; message: string }) =>
    channel.includes(':gateway:') && message.includes('"type":"reply"') && message.includes('capabilitiesHash');
  await eventually('the answer to be seen', () => published.some(isAnswer), { withinMs: 20_000 });
  const answers = published.filter(isAnswer);
  const ofRoom = published.filter(({ channel }) => channel.includes(`{${room}}`));
  joined.connection.close();
  return {
    others: joined.joined.peers.length,
    answers: answers.length,
    answer: answers[0]?.message ?? '',
    events: ofRoom.length,
  };
}

it("[DI58] a join's answer on the bus is under 4 kB and does not grow with the room", async () => {
  const [small, large] = [newRoom(), newRoom()];
  const members = [...(await fill(small, 2)), ...(await fill(large, 500))];
  const few = await costOf(small);
  const many = await costOf(large);
  for (const { connection } of members) connection.close();
  expect([few.others, many.others]).toEqual([2, 500]);
  expect([few.answers, many.answers]).toEqual([1, 1]);
  // One event, told once, however many hear it.
  expect([few.events, many.events]).toEqual([1, 1]);
  expect(Buffer.byteLength(many.answer)).toBeLessThan(4096);
  expect(Math.abs(many.answer.length - few.answer.length)).toBeLessThan(64);
}, 120_000);
