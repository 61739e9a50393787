import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@sluice/shared/testing';
import type { Fault, Scene } from '../fault.ts';
import type { Direction } from '../tcp-way.ts';

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
  expect: 'its peers go on elsewhere, make before break; back, it lets go of what is not its own any more',
  touchesMedia: true,
  barMs: 3000,
  runs: 5,
  act: (scene) => nodeIsCutOff(scene, () => scene.stage.way(scene.node.name).hold(...directions)),
});

export const networkFaults: readonly Fault[] = [
  {
    id: '16',
    name: 'a node is cut off from Redis',
    how: 'its connections end, and new ones too, until its peers have moved',
    expect: 'its peers go on elsewhere, make before break; back, it lets go of what is not its own any more',
    touchesMedia: true,
    barMs: 3000,
    runs: 10,
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
    runs: 10,
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
];
