import { eventually } from '@sluice/shared/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type TestCluster, startProcessCluster } from '../support/clusters/cluster.ts';
import { RawPeer } from '../support/raw/raw-peer.ts';
import { RedisProcess } from '../support/redis/redis-process.ts';
import { TcpWay } from '../support/network/tcp-way.ts';
import { newRoom } from '../support/clusters/use-stage.ts';

// Leases are 2 s. What is watched here goes past the resume window, which is 5 s instead of 30.
const resumeWindowMs = 5000;
const silentMs = 3000;
const watchMs = 2 * resumeWindowMs;

let redis: RedisProcess;
/** The way of the second node to Redis. */
let way: TcpWay;
let cluster: Awaited<ReturnType<typeof startProcessCluster>>;

beforeAll(async () => {
  redis = await RedisProcess.start();
  way = await TcpWay.to(redis.port);
  cluster = await startProcessCluster({
    nodes: 2,
    gateways: 2,
    redisUrl: redis.url,
    settings: { RESUME_WINDOW_MS: String(resumeWindowMs) },
    settingsOf: (name) => (name === 'node-2' ? { REDIS_URL: `redis://127.0.0.1:${way.port}` } : {}),
  });
}, 60_000);

afterEach(() => way.heal());

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await way?.[Symbol.asyncDispose]();
  await redis?.stop();
});

const passed = (what: string, ms: number) => {
  const until = performance.now() + ms;
  return eventually(what, () => performance.now() >= until, { withinMs: 2 * ms });
};

/** Three peers on the first gateway, two of them on the second node, and one on the second gateway. */
async function company(room: string) {
  const [first, second] = cluster.gateways.map(({ url }) => url);
  const places = [
    { url: first!, node: 'node-1' },
    { url: first!, node: 'node-2' },
    { url: first!, node: 'node-2' },
    { url: second!, node: 'node-1' },
  ];
  return Promise.all(places.map((place) => RawPeer.join(place, room)));
}

interface Holding {
  peers: { peerId: string; state: string }[];
}

/** The peers that the nodes hold themselves, whatever any gateway thinks. */
async function held(room: string, nodes: TestCluster['nodes']): Promise<string[]> {
  const holdings = await Promise.all(
    nodes.map(async ({ opsUrl }) => (await (await fetch(`${opsUrl}/rooms/${room}`)).json()) as Holding),
  );
  const here = holdings.flatMap(({ peers }) => peers.filter(({ state }) => state === 'here'));
  return here.map(({ peerId }) => peerId).toSorted();
}

/** What froze goes on: everybody is there, speaks and is heard, and still is when every timer has run out. */
async function allStay(
  room: string,
  peers: RawPeer[],
  freeze: () => void | Promise<void>,
  thaw: () => void | Promise<void>,
) {
  const left: unknown[] = [];
  for (const { connection } of peers) connection.on('event', (event) => event.type === 'peerLeft' && left.push(event));
  const ids = peers.map(({ joined }) => joined.peerId).toSorted();
  await freeze();
  await passed('the silence to be over', silentMs);
  await thaw();
  await eventually('all to be held', async () => String(await held(room, cluster.nodes)) === String(ids), {
    withinMs: 15_000,
  });
  await passed('the resume window to be over', watchMs);
  expect(await held(room, cluster.nodes)).toEqual(ids);
  expect(left).toEqual([]);
  for (const peer of peers) await peer.ask('sendMessage', { payload: 'still here' });
  const late = await RawPeer.join({ url: cluster.gateways[1]!.url, node: 'node-1' }, room);
  expect(late.joined.peers.map(({ peerId }) => peerId).toSorted()).toEqual(ids);
  for (const peer of [...peers, late]) await peer[Symbol.asyncDispose]();
}

it('[NO31] a gateway is frozen for 3 s: everybody is still there after the resume window', async () => {
  const room = newRoom();
  const gateway = cluster.processes.gateways[0]!;
  await allStay(
    room,
    await company(room),
    () => gateway.kill('SIGSTOP'),
    () => gateway.kill('SIGCONT'),
  );
});

it('[NO31] a node is cut off from Redis for 3 s: everybody is still there after the resume window', async () => {
  const room = newRoom();
  await allStay(
    room,
    await company(room),
    () => way.cut(),
    () => way.heal(),
  );
});

it('[NO31] a node is frozen for 3 s: everybody is still there after the resume window', async () => {
  const room = newRoom();
  const node = cluster.processes.nodes[1]!;
  await allStay(
    room,
    await company(room),
    () => node.kill('SIGSTOP'),
    () => node.kill('SIGCONT'),
  );
});

it('[NO31] Redis is frozen for 3 s: everybody is still there after the resume window', async () => {
  const room = newRoom();
  await allStay(
    room,
    await company(room),
    () => redis.pause(),
    () => redis.resume(),
  );
});
