import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Child } from '@sluice/local';
import { eventually } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import { ask, freePort, RedisProcess } from '../support/redis/redis-process.ts';

const apps = {
  node: fileURLToPath(new URL('../../apps/media-node/src/main.ts', import.meta.url)),
  gateway: fileURLToPath(new URL('../../apps/signaling/src/main.ts', import.meta.url)),
};

/** Ports of the system's choice; no page, which takes a second to build and is not asked for here. */
const common = {
  RTC_LISTEN_IP: '127.0.0.1',
  RTC_PORT: '0',
  WORKERS: '1',
  PORT: '0',
  HOST: '127.0.0.1',
  DEV_PAGE: 'false',
};

/** A process that should end by itself; one that starts all the same is stopped when it says so. */
async function ended(script: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...common, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    if (stdout.includes('cannot be reached') || stdout.includes('is up')) child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code: code as number, stderr, printed: stdout + stderr };
}

describe('wrong settings', () => {
  it('[NO5] a node names all of them and ends with 1', async () => {
    const wrong = { NODE_ID: 'a b', WORKERS: 'many', REDIS_URL: 'nowhere', PLACEMENT: 'scatter', RTC_PORT: '70000' };
    const { code, stderr } = await ended(apps.node, wrong);
    expect(code).toBe(1);
    for (const name of Object.keys(wrong)) expect(stderr).toContain(`${name} is`);
    expect(stderr, 'a list for people, no stack').not.toMatch(/\n\s+at /);
  });

  it('[NO5] a gateway names all of them and ends with 1', async () => {
    const wrong = { GATEWAY_ID: 'a b', PORT: '-1', REDIS_URL: 'nowhere', ICE_SERVERS: '{' };
    const { code, stderr } = await ended(apps.gateway, wrong);
    expect(code).toBe(1);
    for (const name of Object.keys(wrong)) expect(stderr).toContain(`${name} is`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each([
    'valkey://:hunter2@127.0.0.1',
    'redis://:hun/ter2@127.0.0.1',
    'redis://me@corp:hunter2@127.0.0.1',
    '"redis://:hunter2@127.0.0.1"',
    'REDIS://:hunter2@127.0.0.1',
    ' redis://:hunter2@127.0.0.1',
    'redis://127.0.0.1?password=hunter2',
  ])(
    '[ST10] a gateway ends with 1 for REDIS_URL=%j, names the setting, and prints no part of the password',
    async (url) => {
      const { code, stderr, printed } = await ended(apps.gateway, { REDIS_URL: url, OPS_PORT: '0' });
      expect(code).toBe(1);
      expect(stderr).toContain('REDIS_URL is wrong');
      expect(printed).not.toMatch(/hunter|ter2/);
    },
  );

  it('[ST10] a right address with a wrong password prints no password, whatever Redis answers', async () => {
    await using redis = await RedisProcess.start();
    await ask(redis.port, 'CONFIG', 'SET', 'requirepass', 'sesame');
    const url = `redis://:hunter2@127.0.0.1:${redis.port}`;
    const { printed } = await ended(apps.gateway, { REDIS_URL: url, OPS_PORT: '0' });
    expect(printed).toMatch(/WRONGPASS|NOAUTH|invalid/);
    expect(printed).not.toContain('hunter2');
  });

  it('[ST14] a node whose clients are told a name ends with 1 where other nodes would be told it too', async () => {
    const { code, stderr } = await ended(apps.node, { RTC_ANNOUNCED_ADDRESS: 'sfu.example.org', OPS_PORT: '0' });
    expect(code).toBe(1);
    expect(stderr).toContain('set PIPE_ANNOUNCED_ADDRESS');
  });

  it('[ST15] a port of media or for clients that another process has is named, with what to do', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [udp, tcp] = [socket.address().port, (server.address() as AddressInfo).port];
    const node = { OPS_PORT: '0', RTC_PORT: String(udp), PIPE_PORT_MIN: '1024', PIPE_PORT_MAX: '1030' };
    const ofNode = await ended(apps.node, node);
    expect(ofNode.stderr).toContain(`RTC_PORT: UDP port ${udp} at 127.0.0.1 is taken by another process`);
    const ofGateway = await ended(apps.gateway, { OPS_PORT: '0', PORT: String(tcp) });
    expect(ofGateway.stderr).toContain(`PORT: TCP port ${tcp} at 127.0.0.1 is taken by another process`);
    const ofOps = await ended(apps.gateway, { OPS_PORT: String(tcp) });
    expect(ofOps.stderr).toContain(`OPS_PORT: TCP port ${tcp} at 127.0.0.1 is taken by another process`);
    expect([ofNode, ofGateway, ofOps].map(({ code }) => code)).toEqual([1, 1, 1]);
    socket.close();
    server.close();
  });

  it("[ST15] an address of another host is named, with this host's own", async () => {
    const { code, stderr } = await ended(apps.node, { OPS_PORT: '0', RTC_LISTEN_IP: '198.51.100.7' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /RTC_LISTEN_IP is 198\.51\.100\.7, and this host has no such address: it has .*127\.0\.0\.1/,
    );
    expect(stderr, 'no stack').not.toMatch(/\n\s+at /);
  });

  it('[NO5] a node that cannot have its worker ends with 1, and says why', async () => {
    const { code, stderr } = await ended(apps.node, { MEDIASOUP_WORKER_BIN: '/nowhere/worker', OPS_PORT: '0' });
    expect(code).toBe(1);
    expect(stderr).toContain('workers');
    expect(stderr, 'the cause too').toMatch(/because: .*(ENOENT|nowhere)/);
  });
});

describe('no Redis at the start', () => {
  it.each(['node', 'gateway'] as const)(
    '[NO6] a %s is alive, says why it is not ready, and is when Redis appears',
    async (app) => {
      await using redis = await RedisProcess.start();
      await redis.kill();
      const opsPort = await freePort();
      const ops = `http://127.0.0.1:${opsPort}`;
      const environment = { ...common, REDIS_URL: redis.url, OPS_PORT: String(opsPort), OPS_HOST: '127.0.0.1' };
      const starting = Child.start({ name: app, script: apps[app], environment });
      try {
        const state = await eventually('an answer', () => fetch(`${ops}/readyz`), { withinMs: 40_000 });
        expect(state.status).toBe(503);
        expect(await state.json()).toMatchObject({
          ready: false,
          reasons: expect.arrayContaining([expect.stringContaining('bus')]),
        });
        expect((await fetch(`${ops}/healthz`)).status).toBe(200);
        expect(await (await fetch(`${ops}/metrics`)).text()).toMatch(/^sfu_bus_connected 0$/m);

        await redis.restart();
        const ready = async () => (await fetch(`${ops}/readyz`)).status === 200;
        await eventually('readiness', ready, { withinMs: 20_000, everyMs: 50 });
      } finally {
        const child = await starting;
        expect(await child.stop()).toBe(0);
      }
    },
  );
});
