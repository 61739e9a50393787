import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@sluice/shared/testing';
import { cutUdp, type UdpCutOptions } from '../../support/network/udp-cut.ts';
import type { Fault, Scene } from '../fault.ts';
import type { Stage } from '../stage.ts';
import type { Direction } from '../../support/network/tcp-way.ts';

/** A node that Redis doesn't hear keeps what it has until its peers have gone elsewhere. */
async function nodeIsCutOff(scene: Scene, cut: () => void): Promise<void> {
  const { stage, node, ada } = scene;
  cut();
  await eventually('Ada to be moved', () => ada.room.node !== node.name, { withinMs: 20_000 });
  await scene.company.flows(15_000);
  stage.way(node.name).heal();
  const isEmpty = async () => (await stage.metric(node, 'sfu_participants')) === 0;
  await eventually('the node to let go', isEmpty, { withinMs: 10_000 }).catch(() =>
    scene.problem('the node that was cut off kept its peers'),
  );
  await stage.ready();
}

const held = (id: string, name: string, how: string, ...directions: Direction[]): Fault => ({
  id,
  name,
  how,
  expect: 'its peers go on elsewhere, make before break; back, it lets go of the peers that are not its own any more',
  touchesMedia: true,
  barMs: 3000,
  runs: 3,
  act: (scene) => nodeIsCutOff(scene, () => scene.stage.way(scene.node.name).hold(...directions)),
});

/** The network between the nodes of Ada and Bob, and nothing else. */
const cutPipes = (stage: Stage, options: UdpCutOptions) => cutUdp(stage.pipeAddress(0), stage.pipeAddress(1), options);

const lossy = (id: string, percent: number): Fault => ({
  id,
  name: `the network between two nodes loses ${percent} %`,
  how: `iptables drops ${percent} % of what two nodes send each other, both ways, for 8 s`,
  expect: 'pipes ask again for lost packets: hardly one is missing at the end',
  touchesMedia: true,
  barMs: 500,
  runs: 3,
  async act({ stage, company, note }) {
    await using cut = await cutPipes(stage, { loss: percent / 100 });
    await wait(8000);
    note('packets dropped between the nodes', await cut.dropped());
    const ways = company.ways().filter(({ from, to }) => ['Ada', 'Bob'].includes(from) && ['Ada', 'Bob'].includes(to));
    const lost = ways.reduce((sum, { reception }) => sum + reception.lost, 0);
    const sent = ways.reduce((sum, { reception }) => sum + reception.lost + reception.count, 0);
    note('lost at the viewers, per mille', (1000 * lost) / sent);
  },
});

const cutOff = (id: string, ways: 'one' | 'both'): Fault => ({
  id,
  name: `the network between two nodes is cut${ways === 'one' ? ' one way' : ''}`,
  how: `iptables drops all that ${ways === 'one' ? 'one sends the other' : 'two nodes send each other'}, for 15 s`,
  expect: 'media goes on by way of a third node, and stays when the cut is over',
  touchesMedia: true,
  barMs: 5000,
  runs: 3,
  async act({ stage, company, note }) {
    await using cut = await cutPipes(stage, { ways });
    const began = performance.now();
    await company.flows(14_000);
    note('all of it flowed again after', performance.now() - began);
    await wait(Math.max(0, began + 15_000 - performance.now()));
    note('packets dropped between the nodes', await cut.dropped());
  },
});

export const networkFaults: readonly Fault[] = [
  {
    id: '16',
    name: 'a node is cut off from Redis',
    how: 'its connections end, and new ones too, until its peers have moved',
    expect: 'its peers go on elsewhere, make before break; back, it lets go of the peers that are not its own any more',
    touchesMedia: true,
    barMs: 3000,
    runs: 3,
    act: (scene) => nodeIsCutOff(scene, () => scene.stage.way(scene.node.name).cut()),
  },
  held('16b', 'a node is cut off from Redis without a word', 'nothing comes through either way', 'there', 'back'),
  held('19', 'a node hears, and is not heard', 'nothing that it sends reaches Redis', 'there'),
  {
    id: '17',
    name: 'a gateway is cut off from Redis',
    how: 'its connections end, and new ones too, for 6 s',
    expect: 'media without a lost packet; the gateway says that it is not ready; it goes on when Redis is back',
    touchesMedia: false,
    runs: 3,
    fast: true,
    async act({ stage, gateway, problem }) {
      stage.way(gateway.name).cut();
      const ready = async () => (await fetch(`http://127.0.0.1:${gateway.up.opsPort}/readyz`)).ok;
      await eventually('it to say so', async () => !(await ready()), { withinMs: 4000 }).catch(() =>
        problem('the gateway said that it was ready'),
      );
      await wait(6000);
      stage.way(gateway.name).heal();
      await stage.ready();
    },
  },
  cutOff('18', 'both'),
  cutOff('18b', 'one'),
  lossy('45', 5),
  lossy('45b', 20),
];
