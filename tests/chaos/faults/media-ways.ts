import { setTimeout as wait } from 'node:timers/promises';
import { Network, type Protocol } from '../../support/native/network.ts';
import type { Fault, Scene } from '../fault.ts';

const cutMs = 20_000;
/** After a way is open again, or from the start where another is, in ms. */
const backWithinMs = 5000;
/** What a browser takes to notice, and then the same. */
const foundWithinMs = 10_000 + backWithinMs;

/** Kim, whose media goes over a network of its own; the WebSocket goes another way. */
async function withKim({ company, ada }: Scene, network: Network): Promise<void> {
  await company.seat([{ name: 'Kim', room: ada.room.id, node: 0, gateway: 0, network }]);
  company.reset();
}

const common = { touchesMedia: true, runs: 3 } as const;

interface Loss {
  id: string;
  what: Protocol[];
  name: string;
  how: string;
  expect: string;
  restartsIce?: boolean;
  fast?: boolean;
}

/** For 20 s. */
const lostForAWhile = ({ id, what, name, how, expect, fast = false }: Loss): Fault => ({
  ...common,
  id,
  name,
  how,
  expect,
  fast,
  barMs: cutMs + backWithinMs,
  async act(scene) {
    const network = new Network();
    await withKim(scene, network);
    const began = performance.now();
    network.cut(...what);
    const back = scene.company.flows(cutMs + 2 * backWithinMs).then(() => performance.now() - began);
    await Promise.race([wait(cutMs), back]);
    await wait(Math.max(0, began + cutMs - performance.now()));
    network.heal();
    const tookMs = await back;
    scene.note('all of it flowed again after', tookMs);
    if (tookMs > cutMs + backWithinMs) scene.problem(`it was back ${Math.round(tookMs - cutMs)} ms after the cut`);
  },
});

const lostForGood = ({ id, what, name, how, expect, restartsIce = true }: Loss): Fault => ({
  ...common,
  id,
  name,
  how,
  expect,
  barMs: foundWithinMs,
  async act(scene) {
    const network = new Network({ restartsIce });
    await withKim(scene, network);
    const began = performance.now();
    network.cut(...what);
    // What is under way is no sign: what comes a moment later has come by another way.
    await wait(500);
    await scene.company.flows(foundWithinMs + backWithinMs);
    scene.note('all of it flowed again after', performance.now() - began);
  },
});

export const mediaWayFaults: readonly Fault[] = [
  lostForAWhile({
    id: '33',
    what: ['udp', 'tcp'],
    name: 'the way of the media is lost for 20 s, the WebSocket lives',
    how: "all that a client and its node send each other is swallowed, the client's connection to its gateway stands",
    expect: 'all of it is back within 5 s of the way',
    fast: true,
  }),
  lostForAWhile({
    id: '33b',
    what: ['udp'],
    name: 'UDP is lost for 20 s, the WebSocket lives',
    how: 'all UDP between a client and its node is swallowed',
    expect: 'back by TCP, or within 5 s of the cut’s end',
  }),
  lostForGood({
    id: '33c',
    what: ['udp'],
    name: 'UDP is lost for good, the WebSocket lives',
    how: 'all UDP between a client and its node is swallowed, TCP is not',
    expect: 'the client notices, and goes on by TCP',
  }),
  lostForGood({
    id: '33d',
    what: ['udp'],
    name: 'UDP is lost for good, for a client without ICE restart',
    how: 'as above; the client’s WebRTC can only begin anew',
    expect: 'as above, by new transports',
    restartsIce: false,
  }),
];
