import { channels } from '@sluice/shared';
import { settle } from '@sluice/shared/testing';
import { describe, expect, it } from 'vitest';
import {
  type Neighbourhood as Neighbours,
  Neighbourhood,
  namesOf,
  nodeReport,
} from '../../../support/clusters/neighbourhood.ts';

async function threeOf(them: Neighbours) {
  const [a, b] = [await them.node('a'), await them.node('b')];
  const g = await them.gateway('g');
  await them.pass(100);
  return { a, b, g };
}

describe('who lives', () => {
  it('[CL10] a newcomer is greeted at once: its picture is whole before any heartbeat is due', async () => {
    const them = new Neighbourhood();
    const { a, b, g } = await threeOf(them);
    for (const process of [a, b, g]) expect(namesOf(process)).toEqual(['a', 'b', 'g']);
    expect(a.events).toEqual(['appeared a', 'appeared b', 'appeared g']);
  });

  it('[CL10] many newcomers at once are greeted with one heartbeat', async () => {
    const them = new Neighbourhood();
    const a = await them.node('a');
    await them.pass(100);
    let beats = 0;
    await a.bus.subscribe(channels.registry, (text) => {
      if (text.includes('"id":"a"')) beats++;
    });
    for (let index = 0; index < 50; index++) {
      await a.bus.publish(channels.registry, JSON.stringify(nodeReport(`new-${index}`)));
    }
    await settle();
    await a.clock.advance(1);
    await settle();
    expect(beats).toBe(1);
  });

  it('[CL10] the latest report counts', async () => {
    const them = new Neighbourhood();
    const { a, b } = await threeOf(them);
    await b.bus.publish(channels.registry, JSON.stringify(nodeReport('b', { load: 0.5, draining: true })));
    await settle();
    expect(a.registry.node(nodeReport('b').id)).toMatchObject({ load: 0.5, draining: true });
  });

  it('[CL11] one that says farewell is gone at once, and another boot of it is another member', async () => {
    const them = new Neighbourhood();
    const { a, b } = await threeOf(them);
    await b.registry.stop();
    await settle();
    expect(a.events).toContain('left b');
    expect(namesOf(a)).toEqual(['a', 'g']);
    await them.node('b', 'second-boot');
    await settle();
    expect(a.registry.nodes().map(({ report }) => report.boot)).toContain('second-boot');
  });
});

describe('leases', () => {
  it('[CL11] one that goes on under another boot is not known under the one before any more', async () => {
    const town = new Neighbourhood();
    const ada = await town.node('ada');
    let boot = 'first';
    const bob = await town.node('bob', () => boot);
    boot = 'second';
    bob.registry.beat();
    await settle();
    expect(ada.registry.nodes().map(({ report }) => report.boot)).toEqual(['ada-boot', 'second']);
    expect(ada.events).toEqual(['appeared ada', 'appeared bob', 'left bob', 'appeared bob']);
  });

  it('[CL12] one that is silent for more than a lease is lost, and no sooner', async () => {
    const them = new Neighbourhood();
    const { a, b, g } = await threeOf(them);
    b.bus.set({ cut: 'both' });
    await them.pass(1500);
    expect(namesOf(a)).toContain('b');
    await them.pass(1500);
    for (const process of [a, g]) {
      expect(process.events).toContain('lost b');
      expect(namesOf(process)).toEqual(['a', 'g']);
    }
  });

  it('[CL12] heartbeats that are lost now and then kill nobody', async () => {
    const them = new Neighbourhood();
    const { a, b, g } = await threeOf(them);
    for (const process of [a, b, g]) process.bus.set({ lost: 0.05 });
    await them.pass(30_000);
    expect([...a.events, ...b.events, ...g.events].filter((event) => event.startsWith('lost'))).toEqual([]);
  });

  it('[CL13] one that hears nobody, itself neither, judges nobody', async () => {
    const them = new Neighbourhood();
    const { a } = await threeOf(them);
    a.bus.set({ lost: 1 });
    await them.pass(10_000);
    expect(a.registry.judging).toBe(false);
    expect(namesOf(a)).toEqual(['a', 'b', 'g']);
    a.bus.set({ lost: 0 });
    await them.pass(5000);
    expect(a.registry.judging).toBe(true);
    expect(a.events.filter((event) => event.startsWith('lost'))).toEqual([]);
  });

  it('[CL13] one that was frozen itself does not take the others for dead when it wakes', async () => {
    const them = new Neighbourhood();
    const { a } = await threeOf(them);
    await them.pass(10_000, a);
    a.clock.jump(10_000);
    await them.pass(5000);
    expect(a.events.filter((event) => event.startsWith('lost'))).toEqual([]);
    expect(namesOf(a)).toEqual(['a', 'b', 'g']);
  });

  it('[CL13] while the bus is away nobody is judged, nor for a whole lease after its return', async () => {
    const them = new Neighbourhood();
    const { a, b } = await threeOf(them);
    them.hub.setAway(true);
    await them.pass(10_000);
    expect(a.registry.judging).toBe(false);
    expect(namesOf(a)).toEqual(['a', 'b', 'g']);
    b.bus.set({ cut: 'both' });
    them.hub.setAway(false);
    await them.pass(1900);
    expect(namesOf(a)).toContain('b');
    await them.pass(1500);
    expect(namesOf(a)).toEqual(['a', 'g']);
  });

  it('[CL13] a member that was called lost and lives on appears again', async () => {
    const them = new Neighbourhood();
    const { a, b } = await threeOf(them);
    b.bus.set({ cut: 'out' });
    await them.pass(4000);
    b.bus.set({ cut: 'none' });
    await them.pass(600);
    expect(a.events.filter((event) => event.endsWith(' b'))).toEqual(['appeared b', 'lost b', 'appeared b']);
  });
});

describe('garbage', () => {
  const good = nodeReport('evil');
  const garbage: [string, string][] = [
    ['no JSON', '\u0000\u0001{'],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['a megabyte of id', JSON.stringify({ ...good, id: 'x'.repeat(1_000_000) })],
    ['no object', '[1,2]'],
    ['another kind', JSON.stringify({ ...good, kind: 'toaster' })],
    ['a prototype', `{"__proto__":${JSON.stringify(good)}}`],
    ['the prototype of the table of kinds', JSON.stringify({ ...good, kind: '__proto__' })],
    ['a load that is no number', JSON.stringify({ ...good, load: 'NaN' })],
    ['a missing field', JSON.stringify({ ...good, accepting: undefined })],
  ];

  it.each(garbage)('[NO7] %s is dropped, counted, and nobody appears', async (_what, text) => {
    const them = new Neighbourhood();
    const { a } = await threeOf(them);
    await a.bus.publish(channels.registry, text);
    await settle();
    expect(a.garbage).toBe(1);
    expect(namesOf(a)).toEqual(['a', 'b', 'g']);
  });
});
