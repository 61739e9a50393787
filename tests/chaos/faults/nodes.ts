import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@sluice/shared/testing';
import { workersOf } from '../../bench/measure/processes.ts';
import type { Person } from '../../support/native/person.ts';
import { blockEventLoop } from '../block-event-loop.ts';
import type { Fault, Scene } from '../fault.ts';

const elsewhere = (person: Person, from: string, withinMs = 15_000): Promise<boolean> =>
  eventually(`${person.name} to be moved`, () => person.room.node !== from, { withinMs });

/** Whether a node has as many workers as ever, and none of these. */
const workersAnew = (pid: number, gone: readonly number[]): boolean => {
  const now = workersOf(pid);
  return now.length === 2 && !now.some((worker) => gone.includes(worker));
};

/** A worker is asked once a second and killed when it owes three answers, 4 s after the first at the latest; then its peers move. */
export const hungWorkerMs = 4500;

/** What a node that slept still writes, once it has been fenced, must be refused: nothing of it shows in the room. */
async function saysNothing({ stage, node, bob, problem }: Scene, forMs: number): Promise<void> {
  const before = [...bob.room.peers.values()].map((peer) => `${peer.peerId} ${peer.node}`).join();
  const gone = async (): Promise<boolean> => (await stage.metric(node, 'sfu_participants')) === 0;
  await eventually('the woken node to let go', gone, { withinMs: forMs, everyMs: 20 }).catch(() =>
    problem(`the woken node still held peers after ${forMs} ms`),
  );
  const after = [...bob.room.peers.values()].map((peer) => `${peer.peerId} ${peer.node}`).join();
  if (before !== after) problem(`the room changed after it woke: ${before} became ${after}`);
}

export const nodeFaults: readonly Fault[] = [
  {
    id: '1',
    name: 'a node is killed',
    how: '`kill -9` of the node and its workers, while a peer on it sends messages',
    expect: 'its peers go on elsewhere under their own names; a second without picture at most',
    touchesMedia: true,
    barMs: 1000,
    runs: 20,
    fast: true,
    async act({ stage, node, ada }) {
      // Requests to a node that dies must not delay the requests to the next one.
      const talking = setInterval(() => void ada.room.sendMessage('still there?').catch(() => undefined), 5);
      await wait(50);
      stage.signal(node, 'SIGKILL');
      await elsewhere(ada, node.name).finally(() => clearInterval(talking));
    },
  },
  {
    id: '1b',
    name: 'a node and a gateway are killed at once',
    how: '`kill -9` of both, with a peer on that node through that gateway',
    expect: 'as for each by itself, one after the other',
    touchesMedia: true,
    barMs: 3000,
    runs: 3,
    async act({ stage, node, gateway, ada }) {
      stage.signal(node, 'SIGKILL');
      gateway.kill('SIGKILL');
      await elsewhere(ada, node.name);
    },
  },
  {
    id: '2',
    name: 'a worker is killed',
    how: '`kill -9` of one worker of the node, then of the other when all is well again',
    expect: 'its peers go on by another worker of the same node',
    touchesMedia: true,
    barMs: 2000,
    runs: 3,
    fast: true,
    async act({ node, ada, company, problem }) {
      for (const pid of workersOf(node.pid)) {
        process.kill(pid, 'SIGKILL');
        await eventually('a new worker', () => workersAnew(node.pid, [pid]), { withinMs: 10_000 });
        await company.flows(10_000);
      }
      if (ada.room.node !== node.name) problem('a peer left its node');
    },
  },
  {
    id: '2b',
    name: 'both workers of a node are killed, one right after the other',
    how: '`kill -9` of one, and of the other up to 200 ms later, in the middle of the move',
    expect: 'as above: the second move overtakes the first',
    touchesMedia: true,
    barMs: 2000,
    runs: 3,
    async act({ node, random }) {
      const before = workersOf(node.pid);
      for (const pid of before) {
        process.kill(pid, 'SIGKILL');
        await wait(random() * 200);
      }
      await eventually('new workers', () => workersAnew(node.pid, before), { withinMs: 10_000 });
    },
  },
  {
    id: '3',
    name: 'a node stands still for a second',
    how: 'SIGSTOP of its process for 1 s, its workers run on',
    expect: 'nothing: no peer is moved',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, node, ada, problem }) {
      stage.signal(node, 'SIGSTOP', { workers: false });
      await wait(1000);
      stage.signal(node, 'SIGCONT', { workers: false });
      await wait(2500);
      if (ada.room.node !== node.name) problem('a peer was moved');
    },
  },
  {
    id: '4',
    name: 'a node freezes, and wakes 10 s later',
    how: 'SIGSTOP of the node and its workers for 10 s, then SIGCONT',
    expect: 'its peers go on elsewhere; woken, it changes nothing and has let go within three seconds',
    touchesMedia: true,
    barMs: 3000,
    runs: 3,
    async act(scene) {
      const { stage, node, ada, company } = scene;
      const began = performance.now();
      stage.signal(node, 'SIGSTOP');
      await elsewhere(ada, node.name);
      await company.flows(10_000);
      await wait(Math.max(0, began + 10_000 - performance.now()));
      stage.signal(node, 'SIGCONT');
      // A fenced node keeps for 2 s what has moved, for clients that are still on their way (moving/old-place.ts).
      await saysNothing(scene, 3000);
    },
  },
  {
    id: '5',
    name: 'a worker hangs',
    how: 'SIGSTOP of every worker of a node, whose own process lives',
    expect: 'the watchdog kills them; their peers go on by new ones',
    touchesMedia: true,
    barMs: hungWorkerMs,
    runs: 3,
    async act({ node }) {
      const before = workersOf(node.pid);
      for (const pid of before) process.kill(pid, 'SIGSTOP');
      await eventually('new workers', () => workersAnew(node.pid, before), { withinMs: 15_000 });
    },
  },
  {
    id: '6',
    name: 'the event loop of a node is blocked for 5 s',
    how: 'a loop of 5 s within the process, by the debugger',
    expect: 'as for a frozen node, and its workers send until their peers have moved',
    touchesMedia: true,
    barMs: 3000,
    runs: 3,
    async act(scene) {
      const { node, ada } = scene;
      const blocked = blockEventLoop(node.pid, 5000);
      await elsewhere(ada, node.name);
      await blocked;
      await saysNothing(scene, 3000);
    },
  },
  {
    id: '7',
    name: 'a node is drained',
    how: 'SIGTERM',
    expect: 'nothing: make before break, and the node ends by itself',
    touchesMedia: true,
    barMs: 100,
    runs: 10,
    fast: true,
    async act({ node, ada, problem }) {
      node.kill('SIGTERM');
      await elsewhere(ada, node.name);
      const code = await node.exited;
      if (code !== 0) problem(`the node ended with ${code}`);
    },
  },
  {
    id: '46',
    name: 'a node is killed and at once started again under its name',
    how: '`kill -9`, and a new process with the same id',
    expect: 'as for a killed node; the new boot is not mistaken for the old one',
    touchesMedia: true,
    barMs: 1000,
    runs: 3,
    async act({ stage, node, ada, bob, problem }) {
      const boots = bob.room.peers.get(ada.peerId)?.node;
      stage.signal(node, 'SIGKILL');
      const index = stage.nodes.indexOf(node);
      await stage.cluster.startNode(index);
      await eventually('Ada to have a place', () => ada.room.node !== '' && !ada.end, { withinMs: 5000 });
      if (boots !== node.name) problem('the call did not begin on that node');
    },
  },
];
