import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { ask } from '../../support/redis/redis-process.ts';
import type { Fault } from '../fault.ts';

/** libfaketime, which lies about the wall clock to one process. */
function library(): string {
  for (const folder of readdirSync('/usr/lib', { withFileTypes: true })) {
    const inside = `/usr/lib/${folder.name}/faketime`;
    if (folder.isDirectory() && existsIn(inside)) return `${inside}/libfaketime.so.1`;
  }
  return '';
}

function existsIn(folder: string): boolean {
  try {
    return readdirSync(folder).includes('libfaketime.so.1');
  } catch {
    return false;
  }
}

const wrongClock =
  (offset: string) =>
  (name: string): Record<string, string> =>
    name === 'node-1' ? { LD_PRELOAD: library(), FAKETIME: offset, DONT_FAKE_MONOTONIC: '1' } : {};

const clockFault = (id: string, offset: string, words: string): Fault => ({
  id,
  name: `the clock of a node is ten minutes ${words}`,
  how: 'libfaketime, for the node and its workers',
  expect: 'nothing: the clocks of two machines are never compared',
  touchesMedia: false,
  runs: 3,
  stage: { settingsOf: wrongClock(offset) },
  async act({ node, ada, problem }) {
    if (library() === '') problem('libfaketime is not there');
    await wait(5000);
    if (ada.room.node !== node.name) problem('a peer was moved');
  },
});

export const clockFaults: readonly Fault[] = [
  clockFault('40', '+600s', 'fast'),
  clockFault('40b', '-600s', 'slow'),
  {
    id: '47',
    name: 'processes of another version',
    how: 'heartbeats and requests with fields and operations that this version does not know',
    expect: 'unknown fields are ignored, unknown operations refused; every call goes on',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, problem }) {
      const { port } = stage.redis;
      const newer = { version: '99.0.0', mood: 'fine', hologram: { depth: 3 } };
      const gateway = {
        kind: 'gateway',
        id: 'newer',
        boot: 'newer',
        address: 'gateway:newer:newer',
        sessions: 0,
      };
      const publish = async (pattern: string, message: unknown): Promise<void> => {
        const channels = (await ask(port, 'PUBSUB', 'CHANNELS', pattern)) as string[];
        if (channels.length === 0) problem(`no process listens on ${pattern}`);
        for (const channel of channels) await ask(port, 'PUBLISH', channel, JSON.stringify(message));
      };
      for (let beat = 0; beat < 5; beat++) {
        await publish('*:registry', { ...gateway, draining: false, ...newer });
        await wait(200);
      }
      const request = {
        type: 'request',
        id: 'x1',
        operation: 'hologram',
        params: {},
        from: gateway.address,
        ttlMs: 2000,
      };
      await publish('*:node:*', { ...request, ...newer });
      await wait(500);
      await stage.ready().catch(() => problem('a process is not ready any more'));
    },
  },
  {
    id: '49',
    name: 'one thing after another',
    how: 'a node killed, a gateway killed, Redis killed, three times over, all well again in between',
    expect: 'as each by itself',
    touchesMedia: true,
    allTouched: true,
    barMs: 1000,
    runs: 2,
    async act({ stage, company }) {
      for (let round = 0; round < 3; round++) {
        const [node, gateway] = [stage.nodes[round], stage.gateways[round % 2]];
        if (node) stage.signal(node, 'SIGKILL');
        await wait(1500);
        await company.flows(15_000);
        await stage.heal();
        gateway?.kill('SIGKILL');
        await wait(3000);
        await company.flows(15_000);
        await stage.heal();
        await stage.redis.restart();
        await wait(4000);
        await company.flows(15_000);
        await stage.ready();
      }
    },
  },
];
