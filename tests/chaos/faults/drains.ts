import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@sluice/shared/testing';
import type { Seat } from '../company.ts';
import type { Fault } from '../fault.ts';

/** Nine who are on the first node, in calls of three. */
const nineMore = (room: string): Seat[] =>
  Array.from({ length: 9 }, (_, at) => ({
    name: `Person ${at + 1}`,
    room: `${room}-call-${Math.floor(at / 3)}`,
    node: 0,
    gateway: at % 2,
  }));

export const drainFaults: readonly Fault[] = [
  {
    id: '7b',
    name: 'a node with ten people is drained',
    how: 'SIGTERM, with nine more in calls of three on that node, two more nodes being there',
    expect: 'nothing: make before break for each of them, and the node ends by itself',
    touchesMedia: true,
    barMs: 100,
    runs: 5,
    async act({ node, ada, company, problem }) {
      await company.seat(nineMore(ada.room.id));
      company.reset();
      node.kill('SIGTERM');
      const code = await node.exited;
      if (code !== 0) problem(`the node ended with ${code}`);
      for (const { name, room, end } of company.people) {
        if (end) problem(`${name} was thrown out`);
        if (room.node === node.name) problem(`${name} is still there`);
      }
    },
  },
  {
    id: '7c',
    name: 'the drain of a node with ten people is called off half-way',
    how: '`POST /drain`, and `DELETE /drain` when half of them have moved',
    expect: 'nothing: those who have moved stay there, the others where they are, and the node takes people again',
    touchesMedia: true,
    barMs: 100,
    runs: 5,
    async act({ stage, node, ada, company, note, problem }) {
      await company.seat(nineMore(ada.room.id));
      company.reset();
      const here = (): number => company.people.filter(({ room }) => room.node === node.name).length;
      const before = here();
      const drain = `http://127.0.0.1:${node.up.opsPort}/drain`;
      await fetch(drain, { method: 'POST' });
      await eventually('half of them to be gone', () => here() <= before / 2, { withinMs: 15_000, everyMs: 2 });
      await fetch(drain, { method: 'DELETE' });
      // Moves that have begun are made to their end.
      await wait(1500);
      const left = here();
      await wait(1500);
      note('people there before', before);
      note('people there after', left);
      if (here() !== left) problem('a peer moved after the drain was called off');
      if (left === 0) problem('every peer has moved');
      await stage.ready();
      await company.seat([{ name: 'Late', room: `${ada.room.id}-late`, node: 0, gateway: 0 }]);
      if (company.get('Late').room.node !== node.name) problem('the node takes no peers');
    },
  },
];
