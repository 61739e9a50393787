import { type Child, ProcessCluster } from '@sluice/local';
import { chosenSeed, seeded } from '@sluice/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawRequest, throwRaw } from '../support/raw/raw-requests.ts';
import { rawFrames, upgrade } from '../support/raw/raw-frames.ts';
import { RedisProcess } from '../support/redis/redis-process.ts';

/** Among the generated requests are drains. Without a token they may be this machine's own, and would be done. */
const token = 'a-token-that-no-generated-request-has';
const started = new AsyncDisposableStack();
let cluster: ProcessCluster;
const ended: string[] = [];

beforeAll(async () => {
  const redis = started.use(await RedisProcess.start());
  const shape = { nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1', redisUrl: redis.url };
  const settings = { OPS_TOKEN: token };
  cluster = started.use(await ProcessCluster.start({ ...shape, settings }));
  for (const child of [...cluster.nodes, ...cluster.gateways]) void child.exited.then(() => ended.push(child.name));
});
afterAll(() => started.disposeAsync());

/** Each private port, and the port that clients reach. */
const ports = (): { name: string; child: Child; port: number }[] => {
  const [node] = cluster.nodes as [Child];
  const [gateway] = cluster.gateways as [Child];
  return [
    { name: "the node's private port", child: node, port: node.up.opsPort },
    { name: "the gateway's private port", child: gateway, port: gateway.up.opsPort },
    { name: "the gateway's port for clients", child: gateway, port: gateway.up.port ?? 0 },
  ];
};
const ready = async ({ up }: Child) => (await fetch(`http://127.0.0.1:${up.opsPort}/readyz`)).status;

/** What came back. */
async function throwAll(port: number, count: number, one: () => [Buffer, Buffer?]): Promise<string> {
  const answers: string[] = [];
  for (let thrown = 0; thrown < count; thrown += 50) {
    answers.push(...(await Promise.all(Array.from({ length: 50 }, () => throwRaw(port, ...one())))));
  }
  return answers.join('');
}

it.each([0, 1, 2])(
  '[ST1] a thousand request lines at each port of real processes end none of them (%i)',
  async (which) => {
    const { name, child, port } = ports()[which]!;
    const seed = chosenSeed();
    const random = seeded(seed);
    const blamed = `${name}, SLUICE_SEED=${seed}`;
    await throwRaw(port, Buffer.from('GET // HTTP/1.1\r\nHost: x\r\n\r\n'));
    const answers = await throwAll(port, 1000, () => [rawRequest(random)]);
    expect(answers, 'some are read far enough to be answered').toMatch(/HTTP\/1\.1 (200|401|403|404) /);
    expect(ended, blamed).toEqual([]);
    expect(await ready(child), blamed).toBe(200);
  },
);

it('[ST1] a thousand connections with generated frames end nothing', async () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  const [gateway] = cluster.gateways as [Child];
  const answers = await throwAll(gateway.up.port ?? 0, 1000, () => [upgrade, rawFrames(random)]);
  for (const code of ['badRequest', 'unknownAction', 'notJoined', 'joined']) expect(answers).toContain(code);
  expect(ended, `SLUICE_SEED=${seed}`).toEqual([]);
  expect(await ready(gateway), `SLUICE_SEED=${seed}`).toBe(200);
});

it('[ST2] a page of another origin drains nothing, by whichever port', async () => {
  const ops = [...cluster.nodes, ...cluster.gateways].map(({ up }) => up.opsPort);
  const bearer = { Authorization: `Bearer ${token}` };
  const paths = ['/drain', '/nodes/node-1/drain', '/gateways/gateway-1/drain'];
  for (const port of ops) {
    for (const path of paths) {
      for (const headers of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          headers: { ...headers, ...bearer },
        });
        expect(answer.status, path).toBe(403);
      }
      const status = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(await status.json()).toMatchObject({ draining: false });
    }
  }
});
