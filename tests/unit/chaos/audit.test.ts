import type { BootId, NodeId, PeerId, ProducerId, RouterId, SessionId } from '@sluice/shared';
import { expect, it } from 'vitest';
import type { DirectoryRoom } from '../../chaos/audit/directory-room.ts';
import { disagreements } from '../../chaos/audit/disagreements.ts';
import type { Holdings } from '../../chaos/audit/holdings.ts';
import { Ledger } from '../../chaos/audit/ledger.ts';

const owner = { node: 'node-1' as NodeId, boot: 'boot-1' as BootId };
const address = 'gateway:gateway-1:boot-9';

/** Ada on one node by one gateway, with a camera, everywhere alike. */
function world(): { directory: DirectoryRoom; holdings: Holdings } {
  const ids = { peerId: 'ada' as PeerId, sessionId: 's1' as SessionId };
  const peer = { ...owner, ...ids, gateway: address, resumeHash: '', features: [], generation: 1 };
  const camera = { producerId: 'camera' as ProducerId, kind: 'video' as const, paused: false };
  return {
    directory: {
      peers: [peer],
      producers: [{ ...owner, ...camera, peerId: ids.peerId, router: 'r' as RouterId }],
      slices: new Map([['node-1', 'boot-1']]),
      epoch: 1,
      seq: 3,
    },
    holdings: {
      nodes: [
        {
          node: 'node-1',
          hearing: true,
          slice: { boot: 'boot-1', fenced: false },
          peers: [{ ...ids, gateway: address, state: 'here', producers: [{ ...camera }] }],
        },
        { node: 'node-2', hearing: true, peers: [] },
      ],
      gateways: [
        {
          gateway: 'gateway-1',
          address,
          hearing: true,
          sessions: [{ ...ids, node: 'node-1' }],
          picture: { epoch: 1, seq: 3, peers: [peer], producers: [{ ...camera }] },
        },
      ],
      unknown: new Set(),
    },
  };
}

type World = ReturnType<typeof world>;

function found(change: (world: World) => void): string[] {
  const changed = world();
  change(changed);
  return disagreements(changed.directory, changed.holdings).map(({ text }) => text);
}

const first = <T>([item]: readonly T[]): T => {
  if (item === undefined) throw new Error('There is none.');
  return item;
};

it('where record, node and gateway are alike nothing is found', () => {
  expect(found(() => undefined)).toEqual([]);
});

it.each<[string, (world: World) => void]>([
  ['Redis has ada on node-1, which is gone', ({ holdings }) => void holdings.nodes.shift()],
  ['Redis has ada on node-1, which does not hold it', ({ holdings }) => (first(holdings.nodes).peers = [])],
  [
    'Redis has ada on another boot of node-1',
    ({ holdings }) => (first(holdings.nodes).slice = { boot: 'boot-2', fenced: false }),
  ],
  [
    'node-1 holds ada for another session than Redis says',
    ({ holdings }) => (first(first(holdings.nodes).peers).sessionId = 's0'),
  ],
  [
    'node-1 holds ada as detached, whose session is there',
    ({ holdings }) => (first(first(holdings.nodes).peers).state = 'detached'),
  ],
  [
    'Redis has ada at gateway-1, which has no session of it',
    ({ holdings }) => (first(holdings.gateways).sessions = []),
  ],
  ['Redis has ada at a gateway that is gone', ({ holdings }) => void holdings.gateways.shift()],
  ['Redis has no claim of node-1, which holds peers', ({ directory }) => directory.slices.clear()],
  ['node-1 holds ada, whom Redis does not know', ({ directory }) => (directory.peers = [])],
  ['node-1 has producer camera, which Redis does not know', ({ directory }) => (directory.producers = [])],
  [
    'Redis has producer camera on node-1, which does not hold it',
    ({ holdings }) => (first(first(holdings.nodes).peers).producers = []),
  ],
  ['node-1 and Redis differ on the pause of camera', ({ directory }) => (first(directory.producers).paused = true)],
  ['gateway-1 has a session of ada, whom Redis does not know', ({ directory }) => (directory.peers = [])],
  [
    'gateway-1 has a session of ada, who has another by now',
    ({ directory }) => (first(directory.peers).sessionId = 's2' as SessionId),
  ],
  [
    'gateway-1 asks node-2 for ada, who is on node-1',
    ({ holdings }) => (first(first(holdings.gateways).sessions).node = 'node-2'),
  ],
  ['the picture of gateway-1 has camera live, and Redis has not', ({ directory }) => (directory.producers = [])],
  [
    'the picture of gateway-1 lacks ada s1 node-1',
    ({ holdings: { gateways } }) => (first(gateways).picture = { epoch: 1, seq: 3, peers: [], producers: [] }),
  ],
  ['gateway-1 is in another life of the room', ({ directory }) => (directory.epoch = 2)],
])('found: %s', (text, change) => {
  expect(found(change)).toContain(text);
});

it('of a process that does not answer nothing is said', () => {
  const silent = ({ holdings }: World): void => {
    holdings.nodes.shift();
    holdings.gateways.shift();
    holdings.unknown = new Set(['node-1', 'gateway-1']);
  };
  expect(found(silent)).toEqual([]);
});

it('a peer that waits to be resumed needs no session, and one on its way needs no record', () => {
  const waiting = ({ holdings }: World): void => {
    first(first(holdings.nodes).peers).state = 'detached';
    holdings.gateways.shift();
  };
  expect(found(waiting)).toEqual([]);
  const entering = ({ holdings }: World): void => {
    holdings.nodes[1] = {
      node: 'node-2',
      hearing: true,
      slice: { boot: 'boot-7', fenced: false },
      peers: [{ peerId: 'bob', sessionId: 's5', gateway: address, state: 'entering', producers: [] }],
    };
  };
  expect(found(entering)).toEqual([]);
});

it('a disagreement lasts from its first sample to its last, and not while its process is unknown', () => {
  const ledger = new Ledger();
  const one = { text: 'one', of: ['node-1'] };
  const nobody = new Set<string>();
  ledger.take([one], nobody, 250);
  expect(ledger.longest.ms).toBe(0);
  ledger.take([one], nobody, 250);
  ledger.take([], new Set(['node-1']), 250);
  ledger.take([one], nobody, 250);
  expect(ledger.longest).toEqual({ text: 'one', ms: 500 });
  expect(ledger.open).toEqual([{ text: 'one', ms: 500 }]);
  ledger.take([], nobody, 250);
  expect(ledger.open).toEqual([]);
  ledger.take([one], nobody, 250);
  ledger.take([one], nobody, 250);
  expect(ledger.longest.ms).toBe(500);
});
