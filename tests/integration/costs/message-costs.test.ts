import { Connection } from '@sluice/client';
import { LocalCluster } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTalking } from '../../support/native/talker.ts';
import { RawPeer } from '../../support/raw/raw-peer.ts';
import { monitorRedis } from '../../support/redis/redis-monitor.ts';
import { startRedis, type TestRedis } from '../../support/redis/redis.ts';
import { newRoom } from '../../support/clusters/use-stage.ts';

const members = 500;
const viewers = 60;
const gateways = 2;
const patience = { withinMs: 30_000 };

interface Published {
  channel: string;
  text: string;
}

let redis: TestRedis;
let cluster: LocalCluster;
const published: Published[] = [];
const stack = new AsyncDisposableStack();

/** What the processes send by themselves, whatever happens in rooms: heartbeats, and what is wanted of a new producer. */
const isBackground = ({ channel, text }: Published) =>
  channel.includes('registry') || channel.includes('probe') || /"type":"ping"|producerDemand|pipeDemand/.test(text);

/** What was published since the last call. A question that is said again, since this machine is busy, counts once. */
function drain(): Published[] {
  const messages = published.splice(0).filter((message) => !isBackground(message));
  const requests = new Set<string>();
  return messages.filter(({ text }) => {
    const [, id] = /"type":"request","id":"([^"]*)"/.exec(text) ?? [];
    const isRepeated = id !== undefined && requests.has(id);
    if (id !== undefined) requests.add(id);
    return !isRepeated;
  });
}

/** What the room's beginning has brought with it is over: nothing was published for a while. */
async function calm(): Promise<void> {
  let [seen, since] = [-1, performance.now()];
  const isCalm = () => {
    const count = published.filter((message) => !isBackground(message)).length;
    if (count !== seen) [seen, since] = [count, performance.now()];
    return performance.now() - since > 1000;
  };
  await eventually('nothing to be published', isCalm, patience);
  drain();
}

beforeAll(async () => {
  redis = await startRedis();
  const settings = { MAX_SESSIONS: '2000' };
  cluster = await LocalCluster.start({
    nodes: 2,
    gateways,
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    redisUrl: redis.url,
    settings,
  });
  const monitor = await monitorRedis(redis.url, ([command = '', channel = '', text = '']) => {
    if (/^s?publish$/i.test(command)) published.push({ channel, text });
  });
  stack.use(monitor);
});

afterAll(async () => {
  await stack.disposeAsync();
  await cluster?.stop();
  await redis?.stop();
});

/** Counts the events of a type that a connection hears. */
function counter(connection: Connection, type: string): () => number {
  let count = 0;
  connection.on('event', (event) => {
    if (event.type === type) count++;
  });
  return () => count;
}

const placeOf = (index: number) => ({
  url: cluster.urlOf(index % gateways),
  node: cluster.nodes[index % cluster.nodes.length]!.owner.node,
});

async function joinSilently(room: string, index: number): Promise<Connection> {
  const { url, node } = placeOf(index);
  const connection = await Connection.open(`${url.replace(/^http/, 'ws')}/ws`, { deadlineMs: 30_000 });
  stack.defer(() => connection.close());
  await connection.request('join', { room, node });
  return connection;
}

/** A machine that is busy with other things may answer late. */
async function patiently<T>(index: number, act: (index: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act(index);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/** So many at a time: what is looked at is not how fast a room fills. */
async function inTurns<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  while (done.length < count) {
    const some = Array.from({ length: Math.min(8, count - done.length) }, (_, at) => patiently(done.length + at, act));
    done.push(...(await Promise.all(some)));
  }
  return done;
}

it('[NO54] [NO55] [NO57] in a room of 500 a mute and a change of speakers cost as many messages as there are gateways', async () => {
  const room = newRoom();
  const publisher = stack.use(await RawPeer.join(placeOf(0), room));
  const voice = stack.use(await startTalking(publisher));
  const watching = await inTurns(viewers, async (index) => {
    const viewer = stack.use(await RawPeer.join(placeOf(index), room));
    await viewer.consume(voice.producerId);
    return viewer.connection;
  });
  const silent = await inTurns(members - viewers - 1, (index) => joinSilently(room, index));
  const everyone = [publisher.connection, ...watching, ...silent];

  const muted = everyone.map((one) => counter(one, 'producerPaused'));
  const paused = watching.map((one) => counter(one, 'consumerPaused'));
  await calm();
  await publisher.ask('pauseProducer', { producerId: voice.producerId });
  await eventually('everybody to hear of the mute', () => muted.every((count) => count() === 1), patience);
  await eventually('all viewers to hear of it', () => paused.every((count) => count() === 1), patience);
  await eventually('Redis to have said so', () => published.some(({ text }) => text.includes('producerPaused')));
  const mute = drain();
  // The question, its answer, and the room's event, which Redis hands to each gateway and node.
  expect(mute.length, mute.map(({ text }) => text.slice(0, 200)).join('\n')).toBe(3);

  await publisher.ask('resumeProducer', { producerId: voice.producerId });
  const heard = everyone.map((one) => counter(one, 'activeSpeakers'));
  drain();
  const began = performance.now();
  voice.speak(-20);
  await eventually('everybody to hear who speaks', () => heard.every((count) => count() === 1), patience);
  const notices = drain().filter(({ text }) => text.includes('"topic":"speakers"'));
  const repeats = Math.floor((performance.now() - began) / 3000);
  expect(notices.length).toBeLessThanOrEqual(gateways * (1 + repeats));
  for (const { text } of notices) expect(text.length).toBeLessThan(500);
});
