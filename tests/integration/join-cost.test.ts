import { createConnection } from 'node:net';
import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RawPeer } from '../support/raw-peer.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { newRoom } from '../support/use-stage.ts';

let redis: TestRedis;
let cluster: LocalCluster;

beforeAll(async () => {
  redis = await startRedis();
  cluster = await LocalCluster.start({
    ...{ nodes: 2, gateways: 2, workers: 1, port: 0, host: '127.0.0.1' },
    redisUrl: redis.url,
    // 500 joins take their time on a busy machine.
    settings: { ACTION_DEADLINE_MS: '30000' },
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

interface Published {
  channel: string;
  message: string;
}

const line = /^\+\S+ \[[^\]]*\] "s?publish" (".*") (".*")$/i;

/** All that is published on Redis, as its MONITOR says, until it is disposed of. */
async function watch(port: number) {
  const published: Published[] = [];
  let rest = '';
  let begun = false;
  const socket = createConnection(port, '127.0.0.1', () => void socket.write('MONITOR\r\n'));
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    begun = true;
    for (const one of lines) {
      const [, channel, message] = line.exec(one) ?? [];
      if (channel !== undefined && message !== undefined) {
        published.push({ channel: JSON.parse(channel) as string, message: JSON.parse(message) as string });
      }
    }
  });
  await eventually('the monitor to begin', () => begun);
  return { published, [Symbol.dispose]: () => void socket.destroy() };
}

/** What Redis carries for one join: the node's answer, and what the room is told. */
async function costOf(room: string) {
  using monitor = await watch(redis.port);
  const { published } = monitor;
  const joined = await RawPeer.join(place(0), room);
  const isAnswer = ({ channel, message }: Published) =>
    channel.includes(':gateway:') && message.includes('"type":"reply"') && message.includes('capabilitiesHash');
  await eventually('the answer to be seen', () => published.some(isAnswer), { withinMs: 20_000 });
  joined.connection.close();
  const answers = published.filter(isAnswer);
  const events = published.filter(({ channel, message }) => channel.includes(`{${room}}`) && /joined/i.test(message));
  return {
    others: joined.joined.peers.length,
    answers: answers.length,
    answer: answers[0]?.message ?? '',
    events: events.length,
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
  // One message, however many hear it.
  expect([few.events, many.events]).toEqual([1, 1]);
  expect(Buffer.byteLength(many.answer)).toBeLessThan(4096);
  expect(Math.abs(many.answer.length - few.answer.length)).toBeLessThan(64);
}, 240_000);
