import { type RegistryEvent, silentLogger } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { expect, it } from 'vitest';
import { forgetProcess, type ProcessLostOptions } from '../../../../apps/media-node/src/events/process-lost.ts';
import { nodeReport } from '../../../support/clusters/neighbourhood.ts';

const lostNode = nodeReport('lost');
const lost: RegistryEvent = { type: 'lost', report: lostNode, means: 'lease', silentMs: 2000 };

interface Room {
  room: string;
  /** Closing its links throws. */
  broken?: boolean;
  /** The lost node has no peer in it. */
  foreign?: boolean;
}

/** A node that shares rooms with the lost one; each fence is answered when the test says so. */
function start(rooms: Room[]) {
  const closed: string[] = [];
  const fences: { room: string; answer: (fenced: boolean) => void; fail: () => void }[] = [];
  const slices = rooms.map(({ room, broken, foreign }) => ({
    room,
    links: {
      closeTo: () => {
        if (broken) throw new Error('a worker died at the same time');
        closed.push(room);
      },
    },
    feed: { view: { whereabouts: { hasPeerOf: () => !foreign } } },
  }));
  let counted = 0;
  const node = {
    slices,
    log: silentLogger,
    metrics: { detected: () => undefined, fences: { inc: () => void counted++ } },
    endpoint: { abandon: () => undefined },
    pipeWatch: { ways: { forget: () => undefined } },
    directory: {
      fence: (room: string) =>
        new Promise<boolean>((answer, reject) => {
          fences.push({ room, answer, fail: () => reject(new Error('Redis is away')) });
        }),
    },
  } as unknown as ProcessLostOptions;
  return { node, closed, fences, counted: () => counted };
}

const named = (count: number): Room[] => Array.from({ length: count }, (_, index) => ({ room: `room-${index}` }));

it('[NO60] all pipes to a lost node are closed before the first fence is answered, and 64 rooms are fenced at a time', async () => {
  const { node, closed, fences, counted } = start(named(1000));
  const done = forgetProcess(node, lost);
  await settle();
  expect(closed).toHaveLength(1000);
  expect(fences).toHaveLength(64);
  while (counted() < 1000) {
    for (const { answer } of fences.splice(0)) answer(true);
    await settle();
    expect(fences.length).toBeLessThanOrEqual(64);
  }
  await done;
});

it('[NO60] a room that cannot be fenced, and one whose pipes cannot be closed, stop no other', async () => {
  const { node, closed, fences, counted } = start([
    { room: 'bad', broken: true },
    { room: 'alien', foreign: true },
    ...named(3),
  ]);
  const done = forgetProcess(node, lost);
  await settle();
  expect(closed).toEqual(['alien', 'room-0', 'room-1', 'room-2']);
  expect(fences.map(({ room }) => room)).toEqual(['bad', 'room-0', 'room-1', 'room-2']);
  fences[1]?.fail();
  for (const { answer } of fences) answer(true);
  await done;
  expect(counted()).toBe(3);
});

it('[NO60] a node that has said farewell is fenced nowhere: it gave its rooms up itself', async () => {
  const { node, closed, fences } = start(named(3));
  await forgetProcess(node, { type: 'left', report: lostNode });
  expect([closed.length, fences.length]).toEqual([3, 0]);
});
