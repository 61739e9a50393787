import { createMetricsRegistry, type OpsServer, silentLogger, startOpsServer } from '@sluice/shared';
import { chosenSeed, seeded } from '@sluice/shared/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rawRequest, throwRaw } from '../../../support/raw/raw-requests.ts';

const begun: string[] = [];
let server: OpsServer;

const start = (token?: string, readiness = () => ({ ready: true }) as const) =>
  startOpsServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLogger,
    readiness,
    metrics: createMetricsRegistry({ role: 'node', version: '1' }),
    routes: {
      'POST /nodes/{id}/drain': (_query, [id = '']) => begun.push(id),
      'GET /nodes/{id}/drain': (_query, [id = '']) => ({ id }),
    },
    ...(token !== undefined && { token }),
  });

beforeEach(async () => {
  begun.length = 0;
  server = await start();
});
afterEach(() => server.close());

const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  throwRaw(
    server.port,
    Buffer.from(
      [
        `${method} ${path} HTTP/1.1`,
        ...Object.entries({ Host: `127.0.0.1:${server.port}`, Connection: 'close', ...headers })
          .filter(([, value]) => value !== '')
          .map(([name, value]) => `${name}: ${value}`),
        '',
        '',
      ].join('\r\n'),
    ),
  );
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

it.each(['//', '//x', '//[', '/\\', 'http://[', '*', 'http://ops/healthz', '//healthz'])(
  '[ST1] a request for %j is answered and ends nothing',
  async (target) => {
    expect(statusOf(await ask('GET', target))).toBeGreaterThanOrEqual(400);
    expect(statusOf(await ask('GET', '/healthz'))).toBe(200);
  },
);

it('[ST1] a thousand generated requests end nothing', async () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  for (let batch = 0; batch < 40; batch++) {
    await Promise.all(Array.from({ length: 25 }, () => throwRaw(server.port, rawRequest(random))));
  }
  expect(statusOf(await ask('GET', '/readyz')), `seed ${seed}`).toBe(200);
}, 30_000);

it('[ST1] a fault inside an answer is a 500', async () => {
  await server.close();
  server = await start(undefined, () => {
    throw new Error('unexpected');
  });
  expect(statusOf(await ask('GET', '/readyz'))).toBe(500);
  expect(statusOf(await ask('GET', '/healthz'))).toBe(200);
});

it.each([
  { Origin: 'https://evil.example' },
  { Origin: 'null' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-origin' },
  { Host: 'evil.example:9091' },
  { Host: 'evil.example', Origin: 'http://evil.example' },
] as Record<string, string>[])('[ST2] a page drains nothing: %j', async (headers) => {
  expect(statusOf(await ask('POST', '/nodes/a/drain', headers))).toBe(403);
  expect(begun).toEqual([]);
});

it.each(['localhost:9091', '127.0.0.1', '[::1]:9091'])(
  '[ST2] from this machine, asked at %s, it drains',
  async (Host) => {
    expect(statusOf(await ask('POST', '/nodes/a/drain', { Host }))).toBe(200);
    expect(begun).toEqual(['a']);
  },
);

it('[ST2] with a token set, only its bearer changes anything, and everybody may look', async () => {
  await server.close();
  server = await start('open-sesame');
  for (const authorization of [
    '',
    'Bearer',
    'Bearer open',
    'Basic open-sesame',
    'open-sesame',
    'Bearer open-sesame2',
  ]) {
    expect(statusOf(await ask('POST', '/nodes/a/drain', { authorization })), authorization).toBe(401);
  }
  expect(begun).toEqual([]);
  expect(statusOf(await ask('GET', '/nodes/a/drain'))).toBe(200);
  // A name that is only known inside a container network is fine with a token.
  const authorized = { authorization: 'Bearer open-sesame', Host: 'media-node:9091' };
  expect(statusOf(await ask('POST', '/nodes/a/drain', authorized))).toBe(200);
  expect(statusOf(await ask('POST', '/nodes/b/drain', { ...authorized, Origin: 'https://evil.example' }))).toBe(403);
  expect(begun).toEqual(['a']);
});
