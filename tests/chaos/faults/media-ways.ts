import { setTimeout as wait } from 'node:timers/promises';
import { Network, type Protocol } from '../../support/native/network.ts';
import type { Fault, Scene } from '../fault.ts';

const cutMs = 20_000;
/** The longest that media may take to come back once there is a way, in ms. */
const backWithinMs = 5000;
/** Media that is not back by then is lost, however busy the machine. In ms. */
const giveUpMs = 30_000;
/** A browser takes 5 s to report `disconnected`; an ICE restart or a new transport comes after that. */
const foundWithinMs = 10_000 + backWithinMs;

/** Seats Kim, whose media goes over a network that can be cut, and whose WebSocket does not. */
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

/** The network is cut for 20 s. */
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
    const back = scene.company.flows(cutMs + giveUpMs).then(() => performance.now() - began);
    await Promise.race([wait(cutMs), back]);
    await wait(Math.max(0, began + cutMs - performance.now()));
    network.heal();
    scene.note('all of it flowed again after', await back);
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
    // Packets that were sent before the cut must not be taken for recovered media.
    await wait(500);
    await scene.company.flows(giveUpMs);
    scene.note('all of it flowed again after', performance.now() - began);
  },
});

export const mediaWayFaults: readonly Fault[] = [
  lostForAWhile({
    id: '33',
    what: ['udp', 'tcp'],
    name: "a client's media is cut off for 20 s, its WebSocket is not",
    how: 'all UDP and TCP between a client and its node is swallowed, its connection to the gateway stands',
    expect: 'media is back within 5 s of the end of the cut',
    fast: true,
  }),
  lostForAWhile({
    id: '33b',
    what: ['udp'],
    name: 'UDP is cut for 20 s, the WebSocket is not',
    how: 'all UDP between a client and its node is swallowed',
    expect: 'media is back over TCP, or within 5 s of the end of the cut',
  }),
  lostForGood({
    id: '33c',
    what: ['udp'],
    name: 'UDP is cut for good, the WebSocket is not',
    how: 'all UDP between a client and its node is swallowed, TCP is not',
    expect: 'the client notices, and goes on over TCP',
  }),
  lostForGood({
    id: '33d',
    what: ['udp'],
    name: 'UDP is cut for good, for a client without ICE restart',
    how: "as above; the client's WebRTC cannot restart ICE",
    expect: 'as above, over new transports',
    restartsIce: false,
  }),
];
