import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { joinRoom, type Room } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import { percentile } from '../../bench/measure/statistics.ts';
import type { Fault } from '../fault.ts';

const vanisher = fileURLToPath(new URL('../vanisher.ts', import.meta.url));
const crowd = 500;

export const clientFaults: readonly Fault[] = [
  {
    id: '32',
    name: 'a client is killed',
    how: '`kill -9` of a client in a process of its own',
    expect: 'the others see it leave when its resume window (here 5 s) has passed, and nothing of it stays',
    touchesMedia: false,
    runs: 2,
    stage: { settings: { RESUME_WINDOW_MS: '5000' } },
    async act({ stage, bob, note, problem }) {
      const child = spawn(process.execPath, [vanisher, bob.room.id, stage.socketsFrom(0)[0] ?? ''], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [peerId] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      await eventually('Bob to see it', () => bob.room.peers.has(peerId));
      child.kill('SIGKILL');
      const began = performance.now();
      await eventually('Bob to see it leave', () => !bob.room.peers.has(peerId), { withinMs: 20_000 });
      const tookMs = performance.now() - began;
      note('seen to leave after', tookMs);
      if (tookMs > 8000) problem(`it left after ${Math.round(tookMs)} ms`);
    },
  },
  {
    id: '42',
    name: `${crowd} clients come back in the same instant`,
    how: `the gateway of ${crowd} sessions without media is killed`,
    expect: 'all resume on the other gateway; no call is affected',
    touchesMedia: false,
    runs: 2,
    recoverWithinMs: 30_000,
    async act({ stage, gateway, ada, note, problem }) {
      const rooms: Room[] = [];
      const downtimes: number[] = [];
      // A join each 4 ms: what comes back at once is the test, not how it came.
      for (let count = 0; count < crowd; count += 10) {
        const some = Array.from({ length: 10 }, (_, at) =>
          joinRoom({
            url: stage.socketsFrom(0),
            room: `${ada.room.id}-${(count + at) % 25}`,
            autoSubscribe: false,
            resumeWindowMs: 60_000,
          }),
        );
        rooms.push(...(await Promise.all(some)));
      }
      for (const room of rooms) room.on('reconnected', ({ downtimeMs }) => downtimes.push(downtimeMs));
      gateway.kill('SIGKILL');
      await eventually('all to be back', () => downtimes.length === crowd, { withinMs: 40_000 }).catch(() =>
        problem(`${crowd - downtimes.length} did not come back`),
      );
      note('back, p50', percentile(downtimes, 0.5));
      note('back, p99', percentile(downtimes, 0.99));
      for (let from = 0; from < rooms.length; from += 50) {
        await Promise.all(rooms.slice(from, from + 50).map((room) => room.leave()));
      }
    },
  },
];
