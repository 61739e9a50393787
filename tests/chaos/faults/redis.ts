import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@sluice/client';
import { eventually } from '@sluice/shared/testing';
import { ask } from '../../support/redis/redis-process.ts';
import type { Fault, Scene } from '../fault.ts';
import { untilRight, wrongForNewcomer, wrongInRedis } from '../newcomer.ts';

interface Refusal {
  code: string;
  ms: number;
}

/** One try to join. Resolves to how it was refused; undefined where it wasn't. */
async function tryToJoin({ stage, ada }: Scene, gateway = 1): Promise<Refusal | undefined> {
  const connection = await Connection.open(stage.socketsFrom(gateway)[0] ?? '');
  const began = performance.now();
  try {
    await connection.request('join', { room: `${ada.room.id}-late`, transports: true });
    await connection.request('leave', {});
    return undefined;
  } catch (error) {
    return { code: (error as { code: string }).code, ms: performance.now() - began };
  } finally {
    connection.close();
  }
}

const refusals = new Set(['coordinatorUnavailable', 'deadlineExceeded', 'nodeUnavailable']);

async function joinIsRefused(scene: Scene): Promise<void> {
  const refusal = await tryToJoin(scene);
  if (!refusal) return scene.problem('a join succeeded without Redis');
  scene.note('a join was refused within', refusal.ms);
  if (!refusals.has(refusal.code)) scene.problem(`a join was refused with ${refusal.code}`);
  if (refusal.ms > 2500) scene.problem(`a join was refused after ${Math.round(refusal.ms)} ms`);
}

async function joinsWorkAgain(scene: Scene, withinMs: number): Promise<void> {
  const began = performance.now();
  const works = async (): Promise<boolean> => {
    const answers = await Promise.all([tryToJoin(scene, 0), tryToJoin(scene, 1)]);
    return answers.every((refusal) => !refusal);
  };
  await eventually('joins to work', works, { withinMs: withinMs * 4, everyMs: 50 });
  const tookMs = performance.now() - began;
  scene.note('joins worked again after', tookMs);
  if (tookMs > withinMs) scene.problem(`joins worked again after ${Math.round(tookMs)} ms`);
}

/** Checks the room's keys in Redis, and the answer to a join through a gateway that has to read them. */
async function directoryIsWhole(scene: Scene, withinMs: number, when = ''): Promise<void> {
  const { stage, ada, directory, expected, note, problem } = scene;
  const room = ada.room.id;
  const inRedisMs = await untilRight(() => wrongInRedis(directory, room, expected()), 4 * withinMs);
  note(`${when}Redis had all of it again after`, inRedisMs);
  const toldMs = inRedisMs + (await untilRight(() => wrongForNewcomer(stage, room, expected()), 4 * withinMs));
  note(`${when}a newcomer was told all of it after`, toldMs);
  if (toldMs > withinMs) problem(`${when}the directory was whole after ${Math.round(toldMs)} ms`);
}

async function outage(scene: Scene, ms: number, { empty }: { empty: boolean }): Promise<void> {
  const { redis } = scene.stage;
  if (empty) await ask(redis.port, 'FLUSHALL');
  await redis.kill();
  const began = performance.now();
  await wait(300);
  await joinIsRefused(scene);
  await wait(Math.max(0, began + ms - performance.now()));
  await redis.restart();
  await joinsWorkAgain(scene, 3000);
  await directoryIsWhole(scene, 3000);
}

/** Media is not affected; requests that need Redis are refused meanwhile, and none waits for ever. */
const common = { touchesMedia: false, recoverWithinMs: 15_000 } as const;

export const redisFaults: readonly Fault[] = [
  {
    ...common,
    id: '11',
    name: 'Redis is killed, and back after 3 s with its data',
    how: '`kill -9`, started again on its append-only file',
    expect: 'media without a lost packet; joins fail typed meanwhile and work within 3 s of its return',
    runs: 3,
    fast: true,
    act: (scene) => outage(scene, 3000, { empty: false }),
  },
  {
    ...common,
    id: '12',
    name: 'Redis is killed, and back after 3 s empty',
    how: 'FLUSHALL, `kill -9`, started again',
    expect: 'as above; the owners have written the directory again within 3 s',
    runs: 3,
    fast: true,
    act: (scene) => outage(scene, 3000, { empty: true }),
  },
  {
    ...common,
    id: '12b',
    name: 'Redis is away for 60 s, and comes back empty',
    how: 'FLUSHALL, `kill -9`, started again a minute later',
    expect: 'as above',
    runs: 1,
    act: (scene) => outage(scene, 60_000, { empty: true }),
  },
  {
    ...common,
    id: '12c',
    name: 'Redis forgets everything while it runs',
    how: 'FLUSHALL',
    expect: 'no peer is thrown out; the owners write it again',
    runs: 3,
    fast: true,
    async act(scene) {
      await ask(scene.stage.redis.port, 'FLUSHALL');
      await directoryIsWhole(scene, 8000);
    },
  },
  ...[5, 30].map(
    (seconds): Fault => ({
      ...common,
      id: seconds === 5 ? '13' : '13b',
      name: `Redis stands still for ${seconds} s`,
      how: 'SIGSTOP, then SIGCONT',
      expect: 'media without a lost packet; no process is taken for dead; joins work within 2 s of its waking',
      runs: seconds === 5 ? 2 : 1,
      async act(scene) {
        const { stage, ada, problem } = scene;
        const { node } = ada.room;
        await stage.redis.pause();
        const began = performance.now();
        await joinIsRefused(scene);
        await wait(Math.max(0, began + seconds * 1000 - performance.now()));
        await stage.redis.resume();
        await joinsWorkAgain(scene, 2000);
        if (ada.room.node !== node) problem('a peer was moved');
      },
    }),
  ),
  {
    ...common,
    id: '20',
    name: 'Redis answers 200 ms late',
    how: '200 ms and up to 100 more on everything, both ways, for 8 s',
    expect: 'no process is taken for dead; joins take as much longer as their round trips',
    runs: 3,
    async act(scene) {
      const { stage, ada, note, problem } = scene;
      const { node } = ada.room;
      for (const way of stage.ways) way.slow(100, 50);
      await wait(4000);
      const began = performance.now();
      const refusal = await tryToJoin(scene);
      note('a join took', performance.now() - began);
      if (refusal) problem(`a join was refused with ${refusal.code}`);
      await wait(4000);
      if (ada.room.node !== node) problem('a peer was moved');
      for (const way of stage.ways) way.heal();
    },
  },
  {
    ...common,
    id: '41',
    name: 'the keys of a room are deleted under it',
    how: "DEL of every key with the room's name",
    expect: 'the owners write it again; no peer is thrown out',
    runs: 3,
    fast: true,
    async act(scene) {
      const { redis } = scene.stage;
      const keys = (await ask(redis.port, 'KEYS', `*${scene.ada.room.id}*`)) as string[];
      if (keys.length === 0) scene.problem('the room has no keys');
      else await ask(redis.port, 'DEL', ...keys);
      await directoryIsWhole(scene, 8000);
    },
  },
  {
    ...common,
    id: '41b',
    name: 'each key of a room is deleted in turn',
    how: 'DEL of one key, then of the next when the directory is whole again',
    expect: 'the owners write it again within 5 s; no peer is thrown out',
    runs: 3,
    fast: true,
    async act(scene) {
      const { redis } = scene.stage;
      const keys = (await ask(redis.port, 'KEYS', `*{${scene.ada.room.id}}*`)) as string[];
      if (keys.length < 4) scene.problem(`the room has ${keys.length} keys`);
      for (const key of keys.toSorted()) {
        await ask(redis.port, 'DEL', key);
        const began = performance.now();
        await directoryIsWhole(scene, 5000, `without ${key.slice(key.lastIndexOf(':') + 1)}: `);
        // The effects of one lost key must not hide those of the next.
        await wait(Math.max(0, began + 1500 - performance.now()));
      }
    },
  },
  {
    ...common,
    id: '14',
    name: 'Redis fails over to its replica while people join',
    how: 'SENTINEL FAILOVER, with joins under way all the time',
    expect: 'media without a lost packet; joins work again within 5 s of the promotion, and nothing is started anew',
    runs: 3,
    stage: { sentinel: true },
    async act(scene) {
      const { sentinel } = scene.stage;
      if (!sentinel) return scene.problem('there is no Sentinel');
      let stop = false;
      let refused = 0;
      const joining = (async () => {
        while (!stop) if (await tryToJoin(scene)) refused++;
      })();
      try {
        await wait(500);
        await sentinel.failOver();
        await joinsWorkAgain(scene, 5000);
        await directoryIsWhole(scene, 5000);
      } finally {
        stop = true;
        await joining;
      }
      scene.note('joins that were refused meanwhile', refused);
    },
  },
];
