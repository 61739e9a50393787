import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

/** Only time passes: longer than any timer that closes unused resources. */
const common = { touchesMedia: true, allTouched: true, aside: true, barMs: 1000, runs: 1, fast: true } as const;

export const waitingFaults: readonly Fault[] = [
  {
    ...common,
    id: '51',
    name: 'a peer waits alone for 45 s',
    how: 'a second peer joins after that, and a third, each on another node',
    expect: 'every peer sees and hears every other',
    async act({ company, ada, note }) {
      const room = `${ada.room.id}-alone`;
      await company.seat([{ name: 'Zoe', room, node: 0, gateway: 0 }]);
      await wait(45_000);
      for (const [at, name] of ['Yan', 'Xia'].entries()) {
        const began = performance.now();
        await company.seat([{ name, room, node: at + 1, gateway: at % 2 }]);
        note(`${at === 0 ? 'the second' : 'the third'} was in the call after`, performance.now() - began);
      }
      company.reset();
    },
  },
  {
    ...common,
    id: '52',
    name: 'a camera is switched on 60 s after the join',
    how: 'a peer only watches for a minute, then publishes',
    expect: 'the other peers see it',
    async act({ company, ada, note }) {
      const room = `${ada.room.id}-late`;
      await company.seat([
        { name: 'Moe', room, node: 0, gateway: 0 },
        { name: 'Lin', room, node: 1, gateway: 1, publishes: [] },
      ]);
      await wait(60_000);
      const began = performance.now();
      await company.get('Lin').publish('video');
      await company.flows(15_000);
      note('it was seen after', performance.now() - began);
      company.reset();
    },
  },
];
